import COpenBLAS

/// Arguments of one call of `gemm`: `c ← α·a·b + β·c`, a: m × k, b: k × n, c: m × n, row-major with strides.
public struct GemmArguments<Element: Scalar> {
    var m, n, k: Int
    var alpha, beta: Element
    var a, b: UnsafePointer<Element>
    var aStride, bStride: Int
    var aTransposed, bTransposed: Bool
    var c: UnsafeMutablePointer<Element>
    var cStride: Int
}

extension Float {
    /// The product `c ← α·op(a)·op(b) + β·c` by `cblas_sgemm`.
    public static func gemm(_ p: GemmArguments<Float>) {
        cblas_sgemm(
            CblasRowMajor, p.aTransposed ? CblasTrans : CblasNoTrans, p.bTransposed ? CblasTrans : CblasNoTrans,
            blasint(p.m), blasint(p.n), blasint(p.k), p.alpha, p.a, blasint(p.aStride), p.b, blasint(p.bStride),
            p.beta, p.c, blasint(p.cStride))
    }
}

extension Double {
    /// The product `c ← α·op(a)·op(b) + β·c` by `cblas_dgemm`.
    public static func gemm(_ p: GemmArguments<Double>) {
        cblas_dgemm(
            CblasRowMajor, p.aTransposed ? CblasTrans : CblasNoTrans, p.bTransposed ? CblasTrans : CblasNoTrans,
            blasint(p.m), blasint(p.n), blasint(p.k), p.alpha, p.a, blasint(p.aStride), p.b, blasint(p.bStride),
            p.beta, p.c, blasint(p.cStride))
    }
}

/// OpenBLAS with its own threads switched off, once and for the whole process.
///
/// Products are cut here instead, into blocks that depend on the shapes alone. So the bits of a result do not depend on
/// the number of threads, and OpenBLAS's waiting threads never take a core from our loops.
private let singleThreadedBLAS: Void = openblas_set_num_threads(1)

/// Switches OpenBLAS's threads off before calls of OpenBLAS and LAPACK outside of products.
func useOneBLASThread() { _ = singleThreadedBLAS }

extension Tensor {
    /// The matrix product a·b, [a.rows, b.columns].
    public static func product(_ a: MatrixView<Element>, _ b: MatrixView<Element>) -> Tensor {
        var result = Tensor(shape: [a.rows, b.columns]) { _ in }
        result.setProduct(a, b)
        return result
    }

    /// `self[:, columns] ← scale·a·b + (accumulate ? self[:, columns] : 0)`.
    ///
    /// - Parameters:
    ///   - a: m × k, in any view (transposed, some rows or columns).
    ///   - b: k × n.
    ///   - columns: the columns of this tensor that receive the product, all by default; there must be n of them, and m
    ///     rows.
    ///   - smallestBlock: rows or columns that a thread gets at least. A block packs the whole shorter side anew, so
    ///     that wide blocks are faster, and keep fewer threads busy.
    public mutating func setProduct(
        _ a: MatrixView<Element>, _ b: MatrixView<Element>, scale: Element = 1, accumulate: Bool = false,
        columns: Range<Int>? = nil, smallestBlock: Int = 64
    ) {
        _ = singleThreadedBLAS
        let range = columns ?? 0..<self.columns
        require(
            a.columns == b.rows,
            "matrix product of [\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)]: inner sizes differ")
        require(
            rows == a.rows && range.count == b.columns && range.lowerBound >= 0 && range.upperBound <= self.columns,
            "product [\(a.rows), \(b.columns)] does not fit columns \(range) of shape \(shape)")
        let m = a.rows, n = b.columns, k = a.columns, stride = self.columns
        guard m > 0, n > 0 else { return }
        withUnsafeMutableBufferPointer { buffer in
            // Workers get disjoint blocks of the result, so they may share the pointers.
            nonisolated(unsafe) let c = buffer.baseAddress! + range.lowerBound
            let alpha = scale, beta: Element = accumulate ? 1 : 0
            if k == 0 {
                for row in 0..<m where !accumulate {
                    UnsafeMutableBufferPointer(start: c + row * stride, count: n).update(repeating: 0)
                }
                return
            }
            @Sendable func block(_ i: Range<Int>, _ j: Range<Int>) {
                let a = a[rows: i], b = b[columns: j]
                Element.gemm(
                    GemmArguments(
                        m: i.count, n: j.count, k: k, alpha: alpha, beta: beta,
                        a: a.pointer, b: b.pointer, aStride: max(a.stride, 1), bStride: max(b.stride, 1),
                        aTransposed: a.isTransposed, bTransposed: b.isTransposed,
                        c: c + i.lowerBound * stride + j.lowerBound, cStride: stride))
            }
            // The longer side is cut in blocks of equal work, about 32 million multiplications each, a multiple of 64
            // wide so that OpenBLAS's own tiles stay whole.
            let side = max(m, n), work = m * n * k
            let pieces = min(16, max(1, work >> 25), max(1, side / smallestBlock))
            let size = ((side + pieces - 1) / pieces + 63) / 64 * 64
            Parallel.forEachBlock(of: side, blockSize: size) { piece in
                if m >= n { block(piece, 0..<n) } else { block(0..<m, piece) }
            }
        }
    }
}

/// `c ← a·b + (accumulate ? c : 0)` on plain memory by the calling thread alone: for kernels that are parallel
/// themselves and have one operand in scratch memory.
///
/// - Parameters:
///   - a: rows × inner, row-major with a stride.
///   - b: inner × columns, or columns × inner where transposed.
///   - c: rows × columns.
public func multiplyOnThisThread(
    rows: Int, columns: Int, inner: Int,
    _ a: UnsafePointer<Float>, stride aStride: Int,
    _ b: UnsafePointer<Float>, stride bStride: Int, transposed: Bool,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool
) {
    _ = singleThreadedBLAS
    Float.gemm(
        GemmArguments(
            m: rows, n: columns, k: inner, alpha: 1, beta: accumulate ? 1 : 0, a: a, b: b, aStride: aStride,
            bStride: bStride,
            aTransposed: false, bTransposed: transposed, c: c, cStride: cStride))
}
