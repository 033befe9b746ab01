// Element-wise kernels: sixteen lanes at a time, rows shared among threads. Each public function is specialised for
// both scalars, so that generic callers in other modules reach vector code.

extension Tensor {
    /// `body` applied to each vector of sixteen elements; the last, partial vector goes through a padded copy.
    @inline(__always)
    func mapVectors(_ body: @Sendable (SIMD16<Element>) -> SIMD16<Element>) -> Tensor {
        Tensor(shape: shape) { result in
            withPointers(to: self) { x in
                // Workers write disjoint blocks, so they may share the pointers.
                nonisolated(unsafe) let x = x, y = result.baseAddress!
                Parallel.forEachBlock(of: count, blockSize: 1 << 16) { block in
                    var i = block.lowerBound
                    while i + 16 <= block.upperBound {
                        storeVector(body(loadVector(x + i)), y + i)
                        i += 16
                    }
                    if i < block.upperBound {
                        let n = block.upperBound - i
                        storeLanes(body(loadLanes(x + i, n)), y + i, n)
                    }
                }
            }
        }
    }

    /// `body` applied to pairs of vectors of two tensors, the second one repeated where it is a single row [1, C], a
    /// single column [R, 1] or a single number [1, 1] beside a first one of [R, C].
    @inline(__always)
    func zipVectors(_ other: Tensor, _ body: @Sendable (SIMD16<Element>, SIMD16<Element>) -> SIMD16<Element>) -> Tensor
    {
        let oneRow = other.rows == 1 && rows > 1, oneColumn = other.columns == 1 && columns > 1
        require(
            shape == other.shape || (oneRow || other.rows == rows) && (oneColumn || other.columns == columns),
            "element-wise operation on shapes \(shape) and \(other.shape), which do not fit")
        // Where nothing repeats along a row, all rows are one long row.
        let flat = !oneRow && !oneColumn, rows = flat ? 1 : rows, columns = flat ? count : columns
        guard count > 0 else { return self }
        return Tensor(shape: shape) { result in
            withPointers(to: self, other) { a, b in
                // Workers write disjoint blocks, so they may share the pointers.
                nonisolated(unsafe) let a = a, b = b, y = result.baseAddress!
                let segment = flat ? 1 << 16 : columns,
                    blockSize = flat ? segment : max(1, (1 << 16) / columns) * columns
                Parallel.forEachBlock(of: rows * columns, blockSize: blockSize) { block in
                    for start in stride(from: block.lowerBound, to: block.upperBound, by: segment) {
                        let end = min(start + segment, block.upperBound), row = flat ? 0 : start / columns
                        let bRow = flat ? b + start : oneColumn ? b + (oneRow ? 0 : row) : b
                        let repeated = SIMD16(repeating: bRow[0])
                        var i = start
                        while i + 16 <= end {
                            let right = oneColumn ? repeated : loadVector(bRow + (i - start))
                            storeVector(body(loadVector(a + i), right), y + i)
                            i += 16
                        }
                        if i < end {
                            let n = end - i, right = oneColumn ? repeated : loadLanes(bRow + (i - start), n)
                            storeLanes(body(loadLanes(a + i, n), right), y + i, n)
                        }
                    }
                }
            }
        }
    }

    /// Element-wise sum; `b` may be a single row, a single column or a single number, which is then repeated.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func + (a: Tensor, b: Tensor) -> Tensor { a.zipVectors(b) { $0 + $1 } }

    /// Element-wise difference; `b` may be a single row, column or number.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func - (a: Tensor, b: Tensor) -> Tensor { a.zipVectors(b) { $0 - $1 } }

    /// Element-wise product.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func * (a: Tensor, b: Tensor) -> Tensor { a.zipVectors(b) { $0 * $1 } }

    /// Element-wise quotient.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func / (a: Tensor, b: Tensor) -> Tensor { a.zipVectors(b) { $0 / $1 } }

    /// Product of each element and a number.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func * (a: Tensor, factor: Element) -> Tensor { a.mapVectors { $0 * factor } }

    /// Sum of each element and a number.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func + (a: Tensor, constant: Element) -> Tensor { a.mapVectors { $0 + constant } }

    /// max(x, 0).
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func relu() -> Tensor { mapVectors { Element.maximum($0, SIMD16(repeating: 0)) } }

    /// This tensor where `condition` > 0, and 0 elsewhere: relu's derivative, with relu′(0) = 0.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func zeroed(whereNotPositive condition: Tensor) -> Tensor {
        zipVectors(condition) { x, c in Element.choose(x, SIMD16(repeating: 0), ifLess: SIMD16(repeating: 0), than: c) }
    }

    /// This tensor, but 0 where `condition` is 0, so that a product with it never meets 0·∞.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func zeroed(whereZero condition: Tensor) -> Tensor {
        zipVectors(condition) { x, c in x.replacing(with: 0, where: c .== 0) }
    }

    /// 1 / (1 + e^-x).
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func sigmoid() -> Tensor { mapVectors { 1 / (1 + Element.exponential(-$0)) } }

    /// e^x of each element, within 2 ulp.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func exponential() -> Tensor { mapVectors { Element.exponential($0) } }

    /// Natural logarithm, element by element through the C library, because arguments may be 0 or subnormal.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func logarithm() -> Tensor {
        Tensor(shape: shape) { result in
            withPointers(to: self) { x in for i in result.indices { result[i] = Element.logarithm(x[i]) } }
        }
    }

    /// Elements outside the range become its nearest bound.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func clamped(to range: ClosedRange<Element>) -> Tensor {
        let low = range.lowerBound, high = range.upperBound
        return mapVectors { $0.replacing(with: low, where: $0 .< low).replacing(with: high, where: $0 .> high) }
    }

    /// This tensor where `condition` lies in the range, bounds included, and 0 elsewhere: the derivative of a clamp.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func zeroed(where condition: Tensor, isOutside range: ClosedRange<Element>) -> Tensor {
        let low = range.lowerBound, high = range.upperBound
        return zipVectors(condition) { x, c in
            x.replacing(with: 0, where: c .< low).replacing(with: 0, where: c .> high)
        }
    }

    /// `self ← self + other`.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public mutating func add(_ other: Tensor) {
        require(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
        let target = mutablePointer()
        withPointers(to: other) { x in
            // Workers write disjoint blocks, so they may share the pointers.
            nonisolated(unsafe) let x = x, y = target
            Parallel.forEachBlock(of: other.count, blockSize: 1 << 16) { block in
                var i = block.lowerBound
                while i + 16 <= block.upperBound {
                    storeVector(loadVector(UnsafePointer(y + i)) + loadVector(x + i), y + i)
                    i += 16
                }
                while i < block.upperBound {
                    y[i] += x[i]
                    i += 1
                }
            }
        }
    }
}
