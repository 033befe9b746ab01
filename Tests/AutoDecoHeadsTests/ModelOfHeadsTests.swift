import AutoDecoHeads
import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing

/// Heads name the model that they were fitted to, and are refused for another one of its shape.
@Suite struct ModelOfHeadsTests {
    private func written(_ origin: HeadsOrigin) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var random = RandomGenerator(seed: 3)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: 12), random: &random)
        try heads.write(to: folder.url, origin: origin)
        return folder
    }

    private func refusal(_ folder: TemporaryFolder, model: String?) -> String? {
        do {
            _ = try AutoDecoHeads<Float>(
                folder: folder.url, hiddenSize: 12, vocabularySize: 40, modelFingerprint: model)
            return nil
        } catch { return "\(error)" }
    }

    @Test func headsOfAnotherModelAreRefusedUnlessAnyIsAccepted() throws {
        let folder = try written(HeadsOrigin(baseModel: "small", modelFingerprint: "00000000000000aa"))
        #expect(refusal(folder, model: "00000000000000aa") == nil && refusal(folder, model: nil) == nil)
        let words = try #require(refusal(folder, model: "00000000000000bb"))
        #expect(words.contains("fitted to 'small', the model with the fingerprint 00000000000000aa, found one of the"))
        #expect(words.hasSuffix("with 00000000000000bb; give heads and model that belong together, or --any-model"))
    }

    @Test func headsThatNameNoModelFitAny() throws {
        #expect(refusal(try written(HeadsOrigin(baseModel: "small")), model: "00000000000000bb") == nil)
    }

    @Test func fingerprintsTellNamesShapesTypesAndBytes() throws {
        let folder = try TemporaryFolder()
        func digits(_ tensors: [NewTensor]) throws -> String {
            try SafetensorsWriter.write(tensors, to: folder("f"))
            return try SafetensorsFile(path: folder("f")).fingerprint
        }
        let values = (0..<200).map { Float($0) }
        func tensor(_ values: [Float], name: String = "a", shape: [Int] = [200], type: ElementType = .f32) -> NewTensor
        {
            NewTensor(name, shape, values, as: type)
        }
        let other = tensor(values, name: "b")
        let own = try digits([tensor(values), other])
        let isHexadecimal = own.allSatisfy { $0.isHexDigit }
        #expect(own.count == 16 && isHexadecimal)
        // Where tensors lie in a file is no matter.
        #expect(try digits([other, tensor(values)]) == own)
        var middle = values, first = values, last = values
        middle[100] += 1
        first[0] += 1
        last[199] += 1
        let different = [
            [tensor(values, name: "c"), other], [tensor(values, shape: [20, 10]), other], [tensor(values)],
            [tensor(values, type: .bf16), other], [tensor(middle), other], [tensor(first), other],
            [tensor(last), other],
        ]
        for tensors in different { #expect(try digits(tensors) != own) }
    }
}
