import Foundation
import Goldens
import Safetensors
import Tensor
import TestSupport
import Testing

@testable import Backbone

/// Hidden states and logits of Hugging Face's `transformers`: of tiny models of our own, which
/// data/scripts/make_backbone_goldens.py makes, and of each family outside of the package.
@Suite struct TransformerGoldenTests {
    /// Both sides compute in Float, in other orders, and so do two processors. A rounding of 6e-8 grows some ten times
    /// in each of the two layers, whose matrices amplify and whose experts' gates are steep.
    private static let tolerance: Float = 5e-5
    /// Those outside have more layers and larger weights.
    private static let outsideTolerance: Float = 2e-4

    private static let own = ["gemma3_text", "gpt_oss", "llama", "phi3", "qwen2_moe"]

    @Test(arguments: own, ["config.json", "config.hub.json"])
    func ownGoldensHoldInBothLayouts(family: String, layout: String) throws {
        try Self.hold(Golden(Goldens.own("backbones/\(family)"), layout: layout), tolerance: Self.tolerance)
    }

    @Test(arguments: own)
    func steppingEqualsOwnGoldensForPromptsOfUnequalLength(family: String) throws {
        try Self.holdSteps(Golden(Goldens.own("backbones/\(family)")), tolerance: Self.tolerance)
    }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"))
    func everyFamilyHasAGolden() throws {
        let held = Set(try Self.folders().map(\.type))
        let families = Family.allCases.map(\.rawValue)
        #expect(held.isSuperset(of: families), "no golden of \(families.filter { !held.contains($0) })")
    }

    /// Else a golden could be passed over.
    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"))
    func goldensOfOtherFamiliesAreRefusedByName() throws {
        for (folder, type) in try Self.folders() where Family(rawValue: type) == nil {
            #expect(throws: ModelError.self, "\(folder.path): another family of ours reads it") {
                try ModelConfiguration(directory: folder)
            }
        }
    }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"), arguments: Family.allCases)
    func goldensHoldInBothLayouts(family: Family) throws {
        for folder in try Self.folders(of: family) {
            for layout in ["config.json", "config.hub.json"] {
                try Self.hold(Golden(folder, layout: layout), tolerance: Self.outsideTolerance)
            }
        }
    }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"), arguments: Family.allCases)
    func steppingEqualsGoldensForPromptsOfUnequalLength(family: Family) throws {
        for folder in try Self.folders(of: family) { try Self.holdSteps(Golden(folder), tolerance: 1e-4) }
    }

    private static func hold(_ golden: Golden, tolerance: Float) throws {
        let hidden = try golden.model.hidden(golden.sequences)
        for (what, got, want) in [
            ("hidden", hidden, golden.hidden), ("logits", golden.model.logits(hidden), golden.logits),
        ] {
            let (difference, place) = largestDifference(got, want)
            print("\(golden.name): \(what) \(difference) at \(place)")
            #expect(difference <= tolerance, "\(golden.name): \(what) \(difference), element \(place)")
        }
    }

    private static func holdSteps(_ golden: Golden, tolerance: Float) throws {
        // Past longrope's threshold a text's positions are turned otherwise from the first on.
        let least = golden.model.configuration.longRopeThreshold.map { $0 + 1 } ?? 1
        let prompts = [5, 1, 12].map { max($0, least) }
        let stepped = try hiddenStepByStep(golden.model, golden.sequences, prompts: prompts)
        let (difference, place) = largestDifference(stepped, golden.hidden)
        print("\(golden.name) step by step: \(difference) at \(place)")
        #expect(difference <= tolerance, "\(golden.name) step by step: \(difference), element \(place)")
    }

    /// All folders outside of the package, with the `model_type` that each has.
    private static func folders() throws -> [(folder: URL, type: String)] {
        struct Entry: Decodable { var model_type: String }
        return try Goldens.names(outside: "backbones").map { name in
            let folder = Goldens.outside("backbones/\(name)")
            let json = try Data(contentsOf: folder.appendingPathComponent("config.json"))
            return (folder, try JSONDecoder().decode(Entry.self, from: json).model_type)
        }
    }

    /// - Throws: where there is none.
    private static func folders(of family: Family) throws -> [URL] {
        let folders = try folders().filter { $0.type == family.rawValue }.map(\.folder)
        try #require(!folders.isEmpty, "no golden of \(family.rawValue)")
        return folders
    }

    private struct Golden {
        let name: String
        let model: Transformer
        let sequences: [[Int]]
        let hidden: Tensor<Float>, logits: Tensor<Float>

        init(_ folder: URL, layout: String = "config.json") throws {
            name = "\(folder.lastPathComponent) with \(layout)"
            model = try Transformer(
                configuration: ModelConfiguration(file: folder.appendingPathComponent(layout)),
                checkpoint: Checkpoint(folder: folder.path))
            let expected = try SafetensorsFile(url: folder.appendingPathComponent("expected.safetensors"))
            let ids = try expected.tensor("input_ids")
            let values = try ids.values(as: Int.self)
            let length = ids.shape[1]
            sequences = (0..<ids.shape[0]).map { Array(values[$0 * length..<($0 + 1) * length]) }
            let rows = values.count
            hidden = Tensor(
                shape: [rows, model.configuration.hiddenSize], try expected.tensor("hidden").values(as: Float.self))
            logits = Tensor(
                shape: [rows, model.configuration.vocabularySize], try expected.tensor("logits").values(as: Float.self))
        }
    }
}
