import COpenBLAS

extension Tensor where Element == Double {
    /// Eigenvectors of a symmetric matrix that belong to its largest eigenvalues, by LAPACK's divide and conquer
    /// (`dsyevd`).
    ///
    /// - Parameter count: how many, at most the matrix's size.
    /// - Returns: one a row, [count, n], of length 1, their eigenvalues descending. A vector's sign is arbitrary.
    /// - Throws: ``EigenError`` where the matrix holds a number that is not finite, or the iteration does not converge.
    public func symmetricEigenvectors(largest count: Int) throws -> Tensor<Double> {
        let n = columns
        require(rows == n && count <= n, "\(count) eigenvectors of a matrix of shape \(shape)")
        useOneBLASThread()
        var matrix = self, values = [Double](repeating: 0, count: n)
        let info = matrix.withUnsafeMutableBufferPointer {
            // Vectors wanted, of the upper triangle; the macro lapack_int is 32 or 64 bits wide.
            LAPACKE_dsyevd(
                LAPACK_ROW_MAJOR, .init(UInt8(ascii: "V")), .init(UInt8(ascii: "U")), .init(n), $0.baseAddress,
                .init(n), &values)
        }
        guard info == 0 else { throw EigenError(code: Int(info)) }
        // LAPACK gives vectors as columns, values ascending.
        return Tensor(shape: [count, n]) { result in
            for vector in 0..<count {
                for i in 0..<n { result[vector * n + i] = matrix.storage.pointer[i * n + n - 1 - vector] }
            }
        }
    }
}

/// Eigenvectors that could not be found.
public struct EigenError: Error, CustomStringConvertible, Equatable {
    /// LAPACK's `info`.
    public let code: Int
    /// A sentence that says why no eigenvectors were found.
    public var description: String {
        code < 0
            ? "the matrix of which eigenvectors are sought holds a number that is not finite"
            : "the search for eigenvectors did not converge, \(code) numbers remain off the diagonal"
    }
}
