import CBF16

extension BF16Matrix {
    /// Up to so many rows are multiplied by dot products, without packing the other factor.
    static let fewRows = 16
    /// Panels of at most so many bytes are packed once for all rows.
    private static let mostPanelBytes = 16 << 20

    /// The product with a transpose, self·otherᵀ, [rows, other.rows].
    ///
    /// A row's bits do not depend on the other rows, but for whether there are more than ``fewRows``; without BF16
    /// instructions they do, as in every product by OpenBLAS.
    ///
    /// - Parameter other: of as many columns; a Float factor comes as ``init(rounding:)``.
    public func product(transposed other: BF16Matrix) -> Tensor<Float> {
        require(
            columns == other.columns,
            "product of [\(rows), \(columns)] and a transposed [\(other.rows), \(other.columns)]: inner sizes differ")
        let m = rows, n = other.rows, k = columns
        return Tensor(shape: [m, n]) { result in
            guard let c = result.baseAddress, m > 0, n > 0 else { return }
            guard k > 0 else { return result.update(repeating: 0) }
            withRows { a in
                other.withRows { b in
                    if !BF16Kernels.usesTiles {
                        setWidenedProduct(c, a, m: m, transposed: b, n: n, k: k)
                    } else if m <= Self.fewRows {
                        setDots(c, a, m: m, b, n: n, k: k)
                    } else if m > 512, 4 * BF16TileProduct.panelWords(n: n, k: k) <= Self.mostPanelBytes {
                        var panels = Tensor<Float>(shape: [BF16TileProduct.panelWords(n: n, k: k)]) { _ in }
                        let words = UnsafeMutableRawPointer(panels.mutablePointer()).assumingMemoryBound(to: Int32.self)
                        BF16TileProduct.packPanels(b, n: n, k: k, into: words)
                        BF16TileProduct(m: m, n: n, k: k, left: .rows(a), right: .panels(words), c: c, stride: n)
                            .run(.init(rows: 192, columns: 512))
                        withExtendedLifetime(panels) {}
                    } else {
                        BF16TileProduct(m: m, n: n, k: k, left: .rows(a), right: .transposed(b), c: c, stride: n)
                            .run(.init(rows: 516, columns: 256))
                    }
                }
            }
        }
    }

    /// A few rows: w is read once, as it lies, four outputs at a time.
    private func setDots(
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<UnsafeRawPointer>, m: Int,
        _ w: UnsafePointer<UnsafeRawPointer>, n: Int, k: Int
    ) {
        nonisolated(unsafe) let x = x, w = w, y = y
        Parallel.forEachBlock(of: n, blockSize: 128) { block in
            for o in stride(from: block.lowerBound, to: block.upperBound, by: 4) {
                for r in stride(from: 0, to: m, by: 6) {
                    cbf_dots(
                        Int32(min(6, m - r)), x + r, Int32(min(4, block.upperBound - o)), w + o, Int64(k),
                        Int64(8 * k), y + r * n + o, Int64(n))
                }
            }
        }
    }
}

extension Tensor where Element == Float {
    /// zᵀ·b, [z.columns, b.columns], with z rounded to BF16: the gradient by weights that b was multiplied with.
    ///
    /// - Parameters:
    ///   - z: [k, m].
    ///   - b: [k, n].
    public static func product(transposed z: Tensor<Float>, _ b: BF16Matrix) -> Tensor<Float> {
        require(
            z.rows == b.rows,
            "product of a transposed \(z.shape) and [\(b.rows), \(b.columns)]: inner sizes differ")
        let m = z.columns, n = b.columns, k = z.rows
        return Tensor(shape: [m, n]) { result in
            guard let c = result.baseAddress, m > 0, n > 0 else { return }
            guard k > 0 else { return result.update(repeating: 0) }
            withPointers(to: z) { z in
                b.withRows { b in
                    guard BF16Kernels.usesTiles else { return setWidenedProduct(c, transposed: z, m: m, b, n: n, k: k) }
                    var left = Tensor<Float>(shape: [BF16TileProduct.leftWords(m: m, k: k)]) { _ in }
                    let words = UnsafeMutableRawPointer(left.mutablePointer()).assumingMemoryBound(to: Int32.self)
                    BF16TileProduct.packLeft(z, stride: m, m: m, k: k, into: words)
                    BF16TileProduct(m: m, n: n, k: k, left: .packed(words), right: .rows(b), c: c, stride: n)
                        .run(.init(rows: 516, columns: 256))
                    withExtendedLifetime(left) {}
                }
            }
        }
    }
}
