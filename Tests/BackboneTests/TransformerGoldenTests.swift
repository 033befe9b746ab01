import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Hidden states and logits of Hugging Face's `transformers`, kept outside the package.
@Suite struct TransformerGoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/goldens/backbones").standardizedFileURL
    private static let families = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []

    /// Both sides compute in Float, in other orders.
    @Test(.enabled(if: !families.isEmpty, "there are no goldens beside the package, in ../shared/goldens/backbones"))
    func goldensHoldInBothLayouts() throws {
        for family in Self.families {
            for layout in ["config.json", "config.hub.json"] {
                let golden = try Golden(Self.folder.appendingPathComponent(family), layout: layout)
                let hidden = try golden.model.hidden(golden.sequences)
                let logits = golden.model.logits(hidden)
                let (hiddenDifference, hiddenPlace) = largestDifference(hidden, golden.hidden)
                let (logitDifference, logitPlace) = largestDifference(logits, golden.logits)
                print("\(family) with \(layout): hidden \(hiddenDifference), logits \(logitDifference)")
                #expect(hiddenDifference <= 2e-4, "\(family) with \(layout), element \(hiddenPlace)")
                #expect(logitDifference <= 2e-4, "\(family) with \(layout), element \(logitPlace)")
            }
        }
    }

    @Test(.enabled(if: !families.isEmpty, "there are no goldens beside the package, in ../shared/goldens/backbones"))
    func steppingEqualsGoldensForPromptsOfUnequalLength() throws {
        for family in Self.families {
            let golden = try Golden(Self.folder.appendingPathComponent(family), layout: "config.json")
            let stepped = try hiddenStepByStep(golden.model, golden.sequences, prompts: [5, 1, 12])
            let (difference, place) = largestDifference(stepped, golden.hidden)
            print("\(family) step by step: \(difference)")
            #expect(difference <= 1e-4, "\(family), element \(place)")
        }
    }

    private struct Golden {
        let model: Transformer
        let sequences: [[Int]]
        let hidden: Tensor<Float>, logits: Tensor<Float>

        init(_ folder: URL, layout: String) throws {
            model = try Transformer(
                configuration: ModelConfiguration(file: folder.appendingPathComponent(layout)),
                checkpoint: Checkpoint(folder: folder.path))
            let expected = try SafetensorsFile(url: folder.appendingPathComponent("expected.safetensors"))
            let ids = try expected.tensor("input_ids"), values = try ids.values(as: Int.self), length = ids.shape[1]
            sequences = (0..<ids.shape[0]).map { Array(values[$0 * length..<($0 + 1) * length]) }
            let rows = values.count
            hidden = Tensor(
                shape: [rows, model.configuration.hiddenSize], try expected.tensor("hidden").values(as: Float.self))
            logits = Tensor(
                shape: [rows, model.configuration.vocabularySize], try expected.tensor("logits").values(as: Float.self))
        }
    }
}
