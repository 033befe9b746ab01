import Testing

@testable import Tensor

/// Products of BF16 numbers, by the processor's instructions where it has them, and widened for OpenBLAS everywhere.
@Suite struct BF16ProductTests {
    /// Sizes around those of tiles (6 × 64), slices of k (256), few rows (16) and blocks.
    private static let sizes = [
        (1, 1, 1), (1, 3, 2), (5, 63, 33), (6, 64, 32), (7, 65, 67), (16, 130, 31), (17, 129, 255), (19, 1, 257),
        (40, 200, 513), (530, 9, 300), (70, 330, 270),
    ]
    private static let paths = BF16Kernels.hasTiles ? [false, true] : [true]

    private static func random(_ rows: Int, _ columns: Int, _ random: inout RandomGenerator) -> Tensor<Float> {
        Tensor(shape: [rows, columns]) { x in for i in x.indices { x[i] = Float(random.normal()) } }
    }

    /// The largest difference from the sum of exact products in Double, beside the sum of their magnitudes.
    private static func worstError(
        _ c: Tensor<Float>, inner: Int, _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float
    ) -> Double {
        var worst = 0.0
        for i in 0..<c.rows {
            for j in 0..<c.columns {
                var sum = 0.0, size = 1e-30
                for k in 0..<inner {
                    let term = Double(a(i, k)) * Double(b(k, j))
                    sum += term
                    size += abs(term)
                }
                worst = max(worst, abs(Double(c[i, j]) - sum) / size)
            }
        }
        return worst
    }

    /// Float sums of exact products: an error of a few ulp of what has been added up.
    private static let tolerance = 1e-6

    @Test(arguments: paths)
    func productWithATransposeIsThatOfTheRoundedNumbers(isWidening: Bool) {
        var random = RandomGenerator(seed: 1)
        for (m, n, k) in Self.sizes {
            let a = BF16Matrix(rounding: Self.random(m, k, &random)),
                b = BF16Matrix(rounding: Self.random(n, k, &random))
            let c = BF16Kernels.$avoidsTiles.withValue(isWidening) { a.product(transposed: b) }
            let (x, y) = (a.widened, b.widened)
            #expect(c.shape == [m, n])
            let worst = Self.worstError(c, inner: k) {
                x[$0, $1]
            } _: {
                y[$1, $0]
            }
            #expect(worst < Self.tolerance, "\(m) × \(n), k = \(k): \(worst)")
        }
    }

    @Test(arguments: paths)
    func productOfATransposedFloatFactorIsThatOfTheRoundedNumbers(isWidening: Bool) {
        var random = RandomGenerator(seed: 2)
        for (m, n, k) in Self.sizes {
            let z = Self.random(k, m, &random), b = BF16Matrix(rounding: Self.random(k, n, &random))
            let c = BF16Kernels.$avoidsTiles.withValue(isWidening) { Tensor.product(transposed: z, b) }
            let x = BF16Matrix(rounding: z).widened, y = b.widened
            #expect(c.shape == [m, n])
            let worst = Self.worstError(c, inner: k) {
                x[$1, $0]
            } _: {
                y[$0, $1]
            }
            #expect(worst < Self.tolerance, "\(m) × \(n), k = \(k): \(worst)")
        }
    }

    @Test func widePanelsPackedBeforeGiveTheBitsOfThosePackedOnTheWay() {
        var random = RandomGenerator(seed: 3)
        // Above 512 rows the right factor is packed once for all of them.
        let a = Self.random(600, 519, &random), b = BF16Matrix(rounding: Self.random(130, 519, &random))
        for isWidening in Self.paths where !isWidening {
            BF16Kernels.$avoidsTiles.withValue(isWidening) {
                let all = BF16Matrix(rounding: a).product(transposed: b)
                let some = BF16Matrix(rounding: Tensor(shape: [30, 519], a.elements.suffix(30 * 519)))
                #expect(Array(some.product(transposed: b).elements) == Array(all.elements.suffix(30 * 130)))
            }
        }
    }

    @Test(arguments: paths)
    func bitsDoNotDependOnTheNumberOfThreads(isWidening: Bool) {
        var random = RandomGenerator(seed: 4)
        let x = Self.random(1100, 600, &random), w = Self.random(150, 600, &random), z = Self.random(1100, 150, &random)
        func results(threads: Int) -> [[UInt32]] {
            Parallel.$threads.withValue(threads) {
                BF16Kernels.$avoidsTiles.withValue(isWidening) {
                    let a = BF16Matrix(rounding: x), b = BF16Matrix(rounding: w)
                    let few = BF16Matrix(rounding: Tensor(shape: [9, 600], x.elements.prefix(9 * 600)))
                    return [a.product(transposed: b), few.product(transposed: b), Tensor.product(transposed: z, a)]
                        .map { $0.elements.map(\.bitPattern) }
                }
            }
        }
        let one = results(threads: 1)
        for threads in [2, 3, 8] { #expect(results(threads: threads) == one) }
    }

    @Test func aRowHasTheSameBitsWhateverGoesWithIt() {
        guard BF16Kernels.hasTiles else { return }
        var random = RandomGenerator(seed: 5)
        let x = Self.random(700, 300, &random), w = BF16Matrix(rounding: Self.random(90, 300, &random))
        func rows(_ range: Range<Int>) -> [Float] {
            let part = x.elements[range.lowerBound * 300..<range.upperBound * 300]
            return BF16Matrix(rounding: Tensor(shape: [range.count, 300], part)).product(transposed: w).elements
        }
        let all = rows(0..<700)
        #expect(rows(41..<64) == Array(all[41 * 90..<64 * 90]))
        // The path of few rows has bits of its own, whatever their number.
        let few = rows(41..<57)
        #expect(rows(44..<45) == Array(few[3 * 90..<4 * 90]))
        #expect(rows(41..<50) == Array(few[..<(9 * 90)]))
    }

    @Test func rowsMayLieAnywhereWithoutAlignment() {
        var random = RandomGenerator(seed: 6)
        let k = 77, a = BF16Matrix(rounding: Self.random(20, k, &random)), z = Self.random(20, 7, &random)
        // The same rows in reverse, each at an odd address.
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 20 * 200, alignment: 64)
        defer { bytes.deallocate() }
        a.withRows { table in
            for row in 0..<20 { (bytes + (19 - row) * 200 + 3).copyMemory(from: table[row], byteCount: 2 * k) }
        }
        let scattered = BF16Matrix(
            columns: k, rowPointers: (0..<20).map { UnsafeRawPointer(bytes + (19 - $0) * 200 + 3) }, owner: nil)
        for isWidening in Self.paths {
            BF16Kernels.$avoidsTiles.withValue(isWidening) {
                #expect(scattered.product(transposed: scattered) == a.product(transposed: a))
                #expect(Tensor.product(transposed: z, scattered) == Tensor.product(transposed: z, a))
            }
        }
        #expect(scattered.widened == a.widened)
    }

    @Test func nothingBeyondARowIsRead() {
        // NaN follows each row of an odd number of columns: times the zeros of a panel it would still be NaN.
        let k = 35, stride = k + 1
        let bytes = UnsafeMutablePointer<UInt16>.allocate(capacity: 24 * stride)
        defer { bytes.deallocate() }
        for i in 0..<24 * stride { bytes[i] = i % stride == k ? 0x7fc0 : 0x3f80 }
        let ones = BF16Matrix(
            columns: k, rowPointers: (0..<24).map { UnsafeRawPointer(bytes + $0 * stride) }, owner: nil)
        for isWidening in Self.paths {
            BF16Kernels.$avoidsTiles.withValue(isWidening) {
                #expect(ones.product(transposed: ones).elements == Array(repeating: Float(k), count: 24 * 24))
                let z = Tensor<Float>(shape: [24, 3], repeating: 1)
                #expect(Tensor.product(transposed: z, ones).elements == Array(repeating: 24, count: 3 * k))
            }
        }
    }

    @Test(arguments: paths)
    func roundingGoesToTheNearestAndTiesToEven(isWidening: Bool) {
        let x: [Float] = [1, 1.00390625, 1.01171875, 1.003907, -1.00390625, 3.4e38, .infinity, -0.0, 0x1p-100]
        let expected: [Float] = [1, 1, 1.015625, 1.0078125, -1, .infinity, .infinity, -0.0, 0x1p-100]
        BF16Kernels.$avoidsTiles.withValue(isWidening) {
            let rounded = BF16Matrix(rounding: Tensor(shape: [1, x.count], x)).widened.elements
            #expect(rounded.map(\.bitPattern) == expected.map(\.bitPattern))
            #expect(BF16Matrix(rounding: Tensor(shape: [1, 1], [Float.nan])).widened[0].isNaN)
        }
    }

    @Test func numbersThatAreNotFiniteAreFound() {
        var x = Tensor<Float>(shape: [5, 41], repeating: -3e38)
        #expect(BF16Matrix(rounding: x).firstRowNotFinite(0..<5) == nil)
        for value in [Float.infinity, -.infinity, .nan] {
            for column in [0, 17, 40] {
                x[3, column] = value
                let matrix = BF16Matrix(rounding: x)
                #expect(matrix.firstRowNotFinite(0..<5) == 3)
                #expect(matrix.firstRowNotFinite(0..<3) == nil)
                x[3, column] = 0
            }
        }
    }

    @Test func emptyProductsAreEmptyOrZero() {
        for isWidening in Self.paths {
            BF16Kernels.$avoidsTiles.withValue(isWidening) {
                func empty(_ rows: Int, _ columns: Int) -> BF16Matrix {
                    BF16Matrix(rounding: Tensor(shape: [rows, columns]))
                }
                #expect(empty(0, 3).product(transposed: empty(2, 3)).shape == [0, 2])
                #expect(empty(2, 3).product(transposed: empty(0, 3)).shape == [2, 0])
                #expect(empty(2, 0).product(transposed: empty(3, 0)).elements == [0, 0, 0, 0, 0, 0])
                #expect(Tensor.product(transposed: Tensor(shape: [0, 2]), empty(0, 3)).elements == [0, 0, 0, 0, 0, 0])
            }
        }
    }
}

@Suite struct BLASKernelsTests {
    @Test func narrowKernelsAreComplainedOfWithTheirReason() {
        func complaint(_ name: String, _ best: String, _ wanted: String?) -> String {
            BLASKernels.complaint(running: name, best: best, wanted: wanted) ?? ""
        }
        #expect(complaint("Haswell", "SKYLAKEX", "Haswell").contains("OPENBLAS_CORETYPE is set to 'Haswell'"))
        #expect(complaint("Prescott", "HASWELL", nil).contains("does not know this processor"))
        for name in ["SkylakeX", "Cooperlake", "SapphireRapids", "SomethingNew"] {
            #expect(complaint(name, "SKYLAKEX", "x") == "")
        }
        #expect(complaint("Zen", "HASWELL", nil) == "" && complaint("Zen", "SKYLAKEX", nil) != "")
    }
}
