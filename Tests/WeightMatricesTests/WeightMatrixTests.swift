import Foundation
import Safetensors
import Tensor
import Testing

@testable import WeightMatrices

/// Every class of row counts: one tile's rows, two tiles, around a group of 16, around the last few-rows count, panels.
private let rowCounts = [1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 63, 64, 65, 100]

/// A mapped file with one tensor.
func stored(_ shape: [Int], _ values: [Float], as type: ElementType) throws -> StoredTensor {
    let file = try MappedFile.write([NewTensor("weight", shape, values, as: type)])
    return try file.tensor("weight")
}

/// Files that are written to a temporary folder and mapped; the mapping outlives the folder.
private enum MappedFile {
    static func write(_ tensors: [NewTensor]) throws -> SafetensorsFile {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafetensorsWriter.write(tensors, to: path)
        return try SafetensorsFile(path: path)
    }
}

private func randomValues(_ count: Int, seed: UInt64) -> [Float] {
    var random = RandomGenerator(seed: seed)
    return (0..<count).map { _ in Float(random.normal()) }
}

/// The largest difference between `product` and x·Wᵀ in Double, relative to Σ|x·w| of each result, and where it is.
private func largestError(_ product: Tensor<Float>, _ x: Tensor<Float>, _ w: [Float], columns: Int) -> (Double, String)
{
    let rows = w.count / columns
    var largest = (0.0, "nowhere")
    let x64 = x.elements.map(Double.init), w64 = w.map(Double.init), y = product.elements
    for r in 0..<x.rows {
        for o in 0..<rows {
            var sum = 0.0, size = 1e-30
            for k in 0..<columns {
                let term = x64[r * columns + k] * w64[o * columns + k]
                sum += term
                size += abs(term)
            }
            let error = abs(Double(y[r * rows + o]) - sum) / size
            if !(error <= largest.0) { largest = (error.isNaN ? .infinity : error, "row \(r), output \(o)") }
        }
    }
    return largest
}

/// A sum of n products in Float is off by at most n·2⁻²⁴ of Σ|x·w|; sixteen lanes and rounding to both sides keep it
/// near √n/16 of that. 2e-6 is 33 roundings: any lost, doubled or misplaced column of hundreds is thousands of times
/// larger.
private let tolerance = 2e-6

@Suite struct WeightMatrixTests {
    /// Odd shapes: a rest of columns, of lines in a tile, of lines in a block, several pieces of columns, one column.
    @Test(
        arguments: [ElementType.f32, .f16, .bf16], [[7, 1], [1, 45], [37, 300], [18, 515], [50, 64], [300, 33]])
    func productAgreesWithTheDefinition(type: ElementType, shape: [Int]) throws {
        let tensor = try stored(shape, randomValues(shape[0] * shape[1], seed: 1), as: type)
        let weights = try WeightMatrix(tensor), values = try tensor.values(as: Float.self)
        #expect([weights.rows, weights.columns] == shape)
        for rows in rowCounts {
            let x = Tensor<Float>(shape: [rows, shape[1]], randomValues(rows * shape[1], seed: 2))
            let y = weights.product(x)
            #expect(y.shape == [rows, shape[0]])
            let (error, place) = largestError(y, x, values, columns: shape[1])
            #expect(error < tolerance, "\(type), \(rows) rows: \(error) at \(place)")
        }
    }

    @Test(arguments: [ElementType.f32, .f16, .bf16], [false, true])
    func aStacksMatrixIsTheOneAskedFor(type: ElementType, isTransposed: Bool) throws {
        let (n, rows, columns) = (3, 530, 45)
        let shape = isTransposed ? [n, columns, rows] : [n, rows, columns]
        let tensor = try stored(shape, randomValues(n * rows * columns, seed: 3), as: type)
        let all = try tensor.values(as: Float.self)
        for index in 0..<n {
            let own = Array(all[index * rows * columns..<(index + 1) * rows * columns])
            let w = isTransposed ? (0..<rows * columns).map { own[$0 % columns * rows + $0 / columns] } : own
            let weights = try WeightMatrix(tensor, index: index, isTransposed: isTransposed)
            #expect(weights.rows == rows && weights.columns == columns)
            #expect(weights.gathered([rows - 1, 0]).elements == Array(w.suffix(columns)) + Array(w.prefix(columns)))
            for count in [1, 4, 5, 17, 64, 65] {
                let x = Tensor<Float>(shape: [count, columns], randomValues(count * columns, seed: 4))
                let (error, place) = largestError(weights.product(x), x, w, columns: columns)
                #expect(error < tolerance, "\(type), \(count) rows, matrix \(index): \(error) at \(place)")
            }
        }
    }

    @Test func panelsOfManyInputsAddUp() throws {
        let (rows, columns) = (270, 4200)
        for isTransposed in [false, true] {
            let values = randomValues(rows * columns, seed: 5)
            let tensor = try stored(isTransposed ? [1, columns, rows] : [1, rows, columns], values, as: .f32)
            let w = isTransposed ? (0..<rows * columns).map { values[$0 % columns * rows + $0 / columns] } : values
            let x = Tensor<Float>(shape: [66, columns], randomValues(66 * columns, seed: 6))
            let y = try WeightMatrix(tensor, index: 0, isTransposed: isTransposed).product(x)
            let (error, place) = largestError(y, x, w, columns: columns)
            #expect(error < tolerance, "\(error) at \(place)")
        }
    }

    @Test func weightsNeedNotBeAligned() throws {
        let values = randomValues(40 * 64, seed: 7)
        let file = try MappedFile.write([
            NewTensor("byte", [1], bytes: [7], as: .u8), NewTensor("weight", [40, 64], values, as: .bf16),
        ])
        let tensor = try file.tensor("weight")
        #expect(Int(bitPattern: tensor.bytes.baseAddress) % 2 == 1)
        let x = Tensor<Float>(shape: [6, 64], randomValues(6 * 64, seed: 8))
        let (error, place) = largestError(
            try WeightMatrix(tensor).product(x), x, try tensor.values(as: Float.self), columns: 64)
        #expect(error < tolerance, "\(error) at \(place)")
    }

    @Test func neighboursInMemoryDoNotLeakIntoTheRest() throws {
        // The last of 45 columns is followed by a row of infinities: read as padding it would give NaN.
        let values = (0..<8 * 45).map { (place: Int) -> Float in
            (place / 45).isMultiple(of: 2) ? Float(place % 5) : .infinity
        }
        for type in [ElementType.bf16, .f16, .f32] {
            let y = try WeightMatrix(try stored([8, 45], values, as: type)).product(
                Tensor(shape: [1, 45], repeating: 1))
            for row in stride(from: 0, to: 8, by: 2) { #expect(y[0, row] == 90) }
        }
    }

    @Test func gatheredRowsAreExact() throws {
        for type in [ElementType.f32, .f16, .bf16] {
            let tensor = try stored([9, 21], randomValues(9 * 21, seed: 9), as: type)
            let values = try tensor.values(as: Float.self)
            let rows = try WeightMatrix(tensor).gathered([8, 0, 3, 3])
            #expect(rows.shape == [4, 21])
            let expected: [Float] = [8, 0, 3, 3].flatMap { (id: Int) -> [Float] in
                Array(values[id * 21..<(id + 1) * 21])
            }
            #expect(rows.elements == expected)
        }
    }

    @Test func noRowsGiveAnEmptyResult() throws {
        let weights = try WeightMatrix(try stored([5, 33], randomValues(165, seed: 10), as: .bf16))
        #expect(weights.product(Tensor(shape: [0, 33])).shape == [0, 5])
        #expect(weights.gathered([]).shape == [0, 33])
    }
}

@Suite struct WeightDeterminismTests {
    private static func matrices() throws -> [(String, WeightMatrix)] {
        let values = randomValues(600 * 544, seed: 11)
        let blocks = values.prefix(600 * 17 * 16).map { UInt8(truncatingIfNeeded: Int($0 * 1000)) }
        let file = try MappedFile.write([
            NewTensor("blocks", [1, 600, 17, 16], bytes: Array(blocks), as: .u8),
            NewTensor("scales", [1, 600, 17], bytes: (0..<10200).map { UInt8(120 + $0 % 11) }, as: .u8),
        ])
        var all = [("mxfp4", try WeightMatrix(mxfp4: file.tensor("blocks"), scales: file.tensor("scales"), index: 0))]
        for type in [ElementType.f32, .f16, .bf16] {
            all.append(("\(type)", try WeightMatrix(stored([600, 544], values, as: type))))
            all.append(
                (
                    "\(type) transposed",
                    try WeightMatrix(stored([1, 544, 600], values, as: type), index: 0, isTransposed: true)
                ))
        }
        return all
    }

    @Test func theNumberOfThreadsChangesNoBit() throws {
        for (name, weights) in try Self.matrices() {
            for rows in [1, 3, 16, 64, 65, 200] {
                let x = Tensor<Float>(shape: [rows, 544], randomValues(rows * 544, seed: 12))
                let one = Parallel.$threads.withValue(1) { weights.product(x) }
                for threads in [2, 3] {
                    #expect(
                        Parallel.$threads.withValue(threads) { weights.product(x) } == one,
                        "\(name), \(rows) rows, \(threads) threads")
                }
            }
        }
    }

    @Test func aRowsBitsDoNotDependOnFewOthers() throws {
        let x = Tensor<Float>(shape: [64, 544], randomValues(64 * 544, seed: 13))
        for (name, weights) in try Self.matrices() {
            let alone = (0..<64).flatMap { row in
                weights.product(Tensor(shape: [1, 544], Array(x.elements[row * 544..<(row + 1) * 544]))).elements
            }
            for rows in [2, 3, 4, 5, 15, 16, 17, 31, WeightMatrix.fewRows] {
                let together = weights.product(Tensor(shape: [rows, 544], Array(x.elements.prefix(rows * 544))))
                #expect(together.elements == Array(alone.prefix(rows * weights.rows)), "\(name), \(rows) rows")
            }
        }
    }
}

@Suite struct WeightMXFP4Tests {
    private static func stack(
        _ blocks: [UInt8], _ scales: [UInt8], _ n: Int, _ rows: Int, _ blocksPerRow: Int
    ) throws -> SafetensorsFile {
        try MappedFile.write([
            NewTensor("blocks", [n, rows, blocksPerRow, 16], bytes: blocks, as: .u8),
            NewTensor("scales", [n, rows, blocksPerRow], bytes: scales, as: .u8),
        ])
    }

    @Test func nibblesAndScalesAreReadAsByHand() throws {
        // Byte 0x10: low nibble 0 comes first, then 1 = 0.5; and so on through all sixteen codes, twice.
        let bytes: [UInt8] = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]
        let codes: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
        let file = try Self.stack(bytes + bytes + bytes + bytes, [127, 130], 1, 1, 2)
        let row = try WeightMatrix(mxfp4: file.tensor("blocks"), scales: file.tensor("scales"), index: 0).gathered([0])
            .elements
        #expect(row == codes + codes + (codes + codes).map { $0 * 8 })
        #expect(row[8].sign == .minus)
    }

    @Test func extremeScalesFollowTransformers() throws {
        // 2^-127 is a subnormal Float; 255 stands for 2^128, which Float does not have.
        let file = try Self.stack([UInt8](repeating: 0x22, count: 48), [0, 254, 255], 1, 1, 3)
        let row = try WeightMatrix(mxfp4: file.tensor("blocks"), scales: file.tensor("scales"), index: 0).gathered([0])
        #expect(row[0] == 0x1p-127)
        #expect(row[32] == 0x1p127)
        #expect(row[64] == .infinity)
    }

    @Test func productAgreesWithTheDefinition() throws {
        var random = RandomGenerator(seed: 14)
        let (n, rows, blocksPerRow) = (2, 37, 11)
        let columns = blocksPerRow * 32
        let blocks = (0..<n * rows * blocksPerRow * 16).map { _ in UInt8(random.uniform() * 255.99) }
        let scales = (0..<n * rows * blocksPerRow).map { _ in UInt8(120 + random.uniform() * 8) }
        let file = try Self.stack(blocks, scales, n, rows, blocksPerRow)
        let codes: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]
        for index in 0..<n {
            let w = (0..<rows * columns).map { place -> Float in
                let element = index * rows * columns + place
                let byte = blocks[element / 2], scale = Int(scales[element / 32]) - 127
                return codes[Int(element % 2 == 0 ? byte & 15 : byte >> 4)]
                    * Float(sign: .plus, exponent: scale, significand: 1)
            }
            let weights = try WeightMatrix(mxfp4: file.tensor("blocks"), scales: file.tensor("scales"), index: index)
            #expect(weights.rows == rows && weights.columns == columns)
            #expect(weights.gathered(Array(0..<rows)).elements == w)
            for count in rowCounts {
                let x = Tensor<Float>(shape: [count, columns], randomValues(count * columns, seed: 15))
                let (error, place) = largestError(weights.product(x), x, w, columns: columns)
                #expect(error < tolerance, "\(count) rows, matrix \(index): \(error) at \(place)")
            }
        }
    }
}

@Suite struct WeightErrorTests {
    private func message(_ body: () throws -> WeightMatrix) -> String? {
        #expect(throws: WeightError.self) { _ = try body() }?.description
    }

    @Test func tensorsThatAreNoMatricesAreNamed() throws {
        let file = try MappedFile.write([
            NewTensor("integers", [2, 3], [Int32](repeating: 0, count: 6)),
            NewTensor("doubles", [2, 3], [Double](repeating: 0, count: 6)),
            NewTensor("vector", [6], [Float](repeating: 0, count: 6)),
            NewTensor("stack", [2, 3, 4], [Float](repeating: 0, count: 24)),
        ])
        #expect(
            message { try WeightMatrix(file.tensor("integers")) }
                == "tensor 'integers' has the type I32, expected F32, F16, BF16")
        #expect(
            message { try WeightMatrix(file.tensor("doubles")) }
                == "tensor 'doubles' has the type F64, expected F32, F16, BF16")
        #expect(
            message { try WeightMatrix(file.tensor("vector")) }
                == "tensor 'vector' has the shape [6], expected 2 dimensions [rows, columns]")
        #expect(
            message { try WeightMatrix(file.tensor("vector"), index: 0, isTransposed: true) }
                == "tensor 'vector' has the shape [6], expected 3 dimensions [n, columns, rows]")
        for index in [-1, 2] {
            #expect(
                message { try WeightMatrix(file.tensor("stack"), index: index, isTransposed: false) }
                    == "tensor 'stack' is a stack of 2 matrices, asked for number \(index)")
        }
    }

    @Test func blocksAndScalesThatDoNotFitAreNamed() throws {
        let file = try MappedFile.write([
            NewTensor("blocks", [2, 3, 4, 16], bytes: [UInt8](repeating: 0, count: 384), as: .u8),
            NewTensor("scales", [2, 3, 4], bytes: [UInt8](repeating: 0, count: 24), as: .u8),
            NewTensor("short", [2, 3, 4, 8], bytes: [UInt8](repeating: 0, count: 192), as: .u8),
            NewTensor("few", [2, 3, 3], bytes: [UInt8](repeating: 0, count: 18), as: .u8),
            NewTensor("floats", [2, 3, 4], [Float](repeating: 0, count: 24)),
        ])
        func mxfp4(_ blocks: String, _ scales: String, _ index: Int = 0) -> String? {
            message { try WeightMatrix(mxfp4: file.tensor(blocks), scales: file.tensor(scales), index: index) }
        }
        #expect(
            mxfp4("short", "scales")
                == "tensor 'short' has the shape [2, 3, 4, 8], expected [n, rows, columns/32, 16]: blocks of 32 "
                + "columns in 16 bytes"
        )
        #expect(
            mxfp4("blocks", "few")
                == "tensor 'few' has the shape [2, 3, 3], expected [2, 3, 4], a scale for each block of 'blocks'")
        #expect(mxfp4("blocks", "floats") == "tensor 'floats' has the type F32, expected U8")
        #expect(
            mxfp4("scales", "scales")
                == "tensor 'scales' has the shape [2, 3, 4], expected 4 dimensions [n, rows, columns/32, 16]")
        #expect(mxfp4("blocks", "scales", 2) == "tensor 'blocks' is a stack of 2 matrices, asked for number 2")
    }
}
