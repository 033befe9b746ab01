import Goldens
import Safetensors
import Testing
@testable import GGUF

/// Numbers in blocks, held to what gguf-py makes of the same bytes.
@Suite struct BlockTests {
    static let types = ElementType.ofBlocks + [.f32, .f16, .bf16]

    private func goldens() throws -> (file: GGUFFile, expected: SafetensorsFile) {
        let folder = Goldens.own("gguf")
        return (
            try GGUFFile(path: folder.appendingPathComponent("blocks.gguf").path),
            try SafetensorsFile(url: folder.appendingPathComponent("blocks.safetensors"))
        )
    }

    @Test(arguments: types)
    func numbersAreThoseOfTheGolden(type: ElementType) throws {
        let (file, expected) = try goldens(), tensor = try file.tensor(type.rawValue)
        let values = try tensor.dequantized(), want = try expected.tensor(type.rawValue)
        #expect(tensor.type == type && tensor.shape == want.shape && values.count == tensor.count)
        // Equal as numbers: nothing is rounded on the way.
        #expect(try values == want.values(as: Float.self))
    }

    @Test func everyTypeThatIsReadHasAGolden() throws {
        #expect(Set(try goldens().file.entries.map(\.type)) == Set(Self.types))
    }

    @Test(arguments: ElementType.ofBlocks)
    func aPieceThatStartsAtABlockHasTheSameNumbersAsTheWhole(type: ElementType) throws {
        let tensor = try goldens().file.tensor(type.rawValue), whole = try tensor.dequantized()
        var piece = [Float](repeating: .nan, count: type.blockSize)
        let start = try #require(tensor.bytes.baseAddress) + type.byteWidth
        Float.decodeBlocks(start, type.blockSize, from: type, into: &piece)
        #expect(piece == Array(whole[type.blockSize..<2 * type.blockSize]))
    }

    /// gguf-py's rule: below 2 the halved scale is subnormal.
    @Test func smallestScalesOfMXFP4AreSubnormal() {
        for (exponent, scale) in [(UInt8(0), 0x1p-128), (1, 0x1p-127), (2, 0x1p-126), (127, 0.5), (254, 0x1p126)] {
            var block = [exponent] + [UInt8](repeating: 0x92, count: 16), values = [Float](repeating: 0, count: 32)
            Float.decodeBlocks(&block, 32, from: .mxfp4, into: &values)
            #expect(values[0] == Float(2 * scale) && values[16] == Float(-scale))
        }
    }
}
