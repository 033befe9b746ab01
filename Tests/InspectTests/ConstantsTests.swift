import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Scoring
import Tensor
import TestSupport
import Testing
import Training

/// `constants` finds the pairs that the run itself names, and hands them to other engines.
@Suite struct ConstantsTests {
    private struct Report: Decodable {
        struct Constants: Decodable {
            var best, mean, defaultSampling: ConstantPair
            var heads: Double
            var tokens: Int
        }

        var constants: Constants
        var besideBest, besideMean: String?
        var yardstick: String
        var isOfRun: Bool
        var written: String?
    }

    private static func corpus() throws -> DiagnosisCorpus {
        try DiagnosisCorpus(cold: 0.4, warm: 1.6, trajectories: 160)
    }

    /// Heads that know the temperatures of the corpus, in a folder without a run, and as wide as files have them.
    private func heads(in folder: TemporaryFolder) throws -> String {
        let narrow = DiagnosisCorpus.heads(cold: 0.4, warm: 1.6, column: 0, topP: 0.98)
        func widened(_ head: HeadParameters<Tensor<Float>>) -> HeadParameters<Tensor<Float>> {
            let inner = 256
            func padded(_ tensor: Tensor<Float>, _ shape: [Int]) -> Tensor<Float> {
                Tensor(shape: shape, tensor.elements + [Float](repeating: 0, count: shape.reduce(1, *) - tensor.count))
            }
            return HeadParameters(
                firstWeight: padded(head.firstWeight, [inner, head.firstWeight.columns]),
                firstBias: padded(head.firstBias, [inner]), secondWeight: padded(head.secondWeight, [1, inner]),
                secondBias: head.secondBias)
        }
        var configuration = narrow.configuration
        configuration.innerSize = 256
        let parameters = HeadsParameters(
            temperature: narrow.parameters.temperature.map(widened), topP: narrow.parameters.topP.map(widened))
        try AutoDecoHeads(configuration: configuration, parameters: parameters)
            .write(to: folder.url.appendingPathComponent("heads"), origin: HeadsOrigin(baseModel: "linear"))
        return folder.path("heads")
    }

    private func report(_ arguments: [String]) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Program.run(["constants"] + arguments + ["--json"]))
    }

    @Test func pairsAndVerdictAreTheRuns() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder()
        let settings = [
            "cache.folder=\"\(corpus.folder.path)\"", "training.folder=\"\(folder.url.path)\"", "training.steps=40",
            "training.trajectoriesPerStep=16", "training.microBatchTokens=1000", "training.learningRate=0.01",
            "training.validationFraction=0.3", "training.seed=3", "training.enhancedFeatures=false",
            "training.objective=released", "training.dynamicFineTuning=false", "training.easyTokenDrop=0",
        ]
        let configuration = try RunConfiguration(json5: Data("{}".utf8), file: "test", overrides: settings)
        let trainer = try configuration.trainer(cache: corpus.cache, folder: RunFolder(folder.url))
        guard case .finished(let summary) = try trainer.train(resuming: false) else { throw CocoaError(.userCancelled) }
        let standing = try #require(summary.standing), finding = try #require(summary.finding)

        let arguments = ["--heads", folder.path("heads"), "--cache", corpus.folder.path], found = try report(arguments)
        #expect(found.isOfRun && found.yardstick == summary.yardstick && found.besideBest == finding.rawValue)
        // As many threads, and blocks as large: the same bits.
        #expect(found.constants.best.temperature == standing.pair.temperature)
        #expect(found.constants.best.topP == standing.pair.topP && found.constants.best.loss == standing.constant)
        #expect(found.constants.heads == standing.heads)
        #expect(abs(found.constants.mean.temperature - (summary.meanTemperature ?? .nan)) < 1e-9)
        #expect(abs(found.constants.mean.topP - (summary.meanTopP ?? .nan)) < 1e-9)
        // Other tokens chose the best pair; the mean was chosen by nobody.
        #expect(found.constants.best.loss < found.constants.mean.loss + 0.01)
        #expect(found.besideMean == Standing.Finding.better.rawValue)
        let text = String(decoding: try Program.run(["constants"] + arguments), as: UTF8.self)
        #expect(text.contains(summary.verdict) && text.contains("their own mean (T = "), "\(text)")
    }

    @Test func lossesAreThoseOfTheWholeCacheWhereNothingElseIsKnown() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder()
        let all = try report(
            ["--heads", heads(in: folder), "--cache", corpus.folder.path, "--validation-fraction", "1"])
        #expect(!all.isOfRun && all.yardstick == "joint objective, without Dynamic Fine-Tuning")
        let tokens = CachedTokens(corpus.cache, corpus.cache.trajectories), halves = HeldOutHalves(tokens, seed: 0)
        var settings = LossSettings()
        settings.dynamicFineTuning = false
        let loss = ObjectiveLoss(settings, heads: .both)
        #expect(all.constants.tokens == halves.judging.count)
        for pair in [all.constants.best, all.constants.mean, all.constants.defaultSampling] {
            let expected = try halves.judging.loss(ofTemperature: pair.temperature, topP: pair.topP, by: loss).mean
            #expect(abs(pair.loss - expected) < 1e-9)
        }
        #expect(all.constants.best.loss <= min(all.constants.mean.loss, all.constants.defaultSampling.loss) + 1e-3)
        #expect(all.constants.heads < all.constants.best.loss && all.besideBest == Standing.Finding.better.rawValue)
    }

    @Test func generationSettingsGetTheKnobsAndKeepTheRest() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder(), model = try TemporaryFolder()
        let path = model.path("generation_config.json")
        try Data(
            #"{"top_p": 0.8, "eos_token_id": [ 2,  3 ], "epsilon": 1e-05, "top_k": 20, "name": "é\u0041"}"#.utf8
        ).write(to: URL(fileURLWithPath: path))
        let arguments = try ["--heads", heads(in: folder), "--cache", corpus.folder.path, "--validation-fraction", "1"]
        let outcome = try Program.outcome(["constants"] + arguments + ["--write", model.url.path, "--json"])
        let found = try JSONDecoder().decode(Report.self, from: outcome.output)
        #expect(found.written == path && outcome.errors.contains("top_k is 20 and stays"), "\(outcome.errors)")
        func number(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
        func expected(_ pair: ConstantPair) -> String {
            """
            {
              "top_p": \(number(pair.topP)),
              "eos_token_id": [ 2,  3 ],
              "epsilon": 1e-05,
              "top_k": 20,
              "name": "é\\u0041",
              "do_sample": true,
              "temperature": \(number(pair.temperature))
            }

            """
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == expected(found.constants.best))
        // The file's own path, and the other pair.
        _ = try report(arguments + ["--write", path, "--pair", "mean"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == expected(found.constants.mean))
        #expect(try FileManager.default.contentsOfDirectory(atPath: model.url.path) == ["generation_config.json"])
    }

    /// Engines take end tokens from config.json only where there is no generation_config.json.
    @Test func newGenerationSettingsKnowTheModelsEnds() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder(), model = try TemporaryFolder()
        try Data(#"{"architectures": ["X"], "eos_token_id": [7, 8], "pad_token_id": null, "bos_token_id": 1}"#.utf8)
            .write(to: URL(fileURLWithPath: model.path("config.json")))
        let arguments = try ["--heads", heads(in: folder), "--cache", corpus.folder.path, "--validation-fraction", "1"]
        _ = try report(arguments + ["--write", model.url.path])
        let text = try String(contentsOfFile: model.path("generation_config.json"), encoding: .utf8)
        #expect(text.hasPrefix("{\n  \"bos_token_id\": 1,\n  \"eos_token_id\": [7, 8],\n  \"do_sample\": true,\n"))
        #expect(!text.contains("pad_token_id"))
    }

    @Test func placesThatAreNoModelsAreRefused() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder(), model = try TemporaryFolder()
        let arguments = try ["constants", "--heads", heads(in: folder), "--cache", corpus.folder.path]
        #expect(try Program.refusal(arguments + ["--write", model.url.path]).contains("holds no config.json"))
        try Data(#"{"architectures": ["X"]}"#.utf8).write(to: URL(fileURLWithPath: model.path("config.json")))
        let wrong = try Program.refusal(arguments + ["--write", model.path("config.json")])
        #expect(wrong.contains("is a model's config.json"), "\(wrong)")
        try Data("{".utf8).write(to: URL(fileURLWithPath: model.path("generation_config.json")))
        #expect(try Program.refusal(arguments + ["--write", model.url.path]).contains("generation_config.json"))
        #expect(try String(contentsOfFile: model.path("generation_config.json"), encoding: .utf8) == "{")
    }

    @Test func ggufFilesAreCopiedWithTheKnobs() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder(), model = try TemporaryFolder()
        var file = GGUFBytes()
        file.set("general.sampling.top_k", 20)
        file.tensors = [.init("one", [3], GGUFBytes.floats([1, 2, 3]))]
        try file.write(to: model.path("model.gguf"))
        let arguments =
            try ["--heads", heads(in: folder), "--cache", corpus.folder.path, "--validation-fraction", "1"]
            + ["--write", model.path("model.gguf")]
        #expect(try Program.refusal(["constants"] + arguments).contains("expected --output"))
        let found = try report(arguments + ["--output", model.path("copy.gguf")])
        #expect(found.written == model.path("copy.gguf"))
        func rounded(_ value: Double) -> Double { Double(Float((value * 10_000).rounded() / 10_000)) }
        file.set("general.sampling.temp", rounded(found.constants.best.temperature))
        file.set("general.sampling.top_p", rounded(found.constants.best.topP))
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: model.path("copy.gguf")))) == file.bytes)
        let again = try Program.refusal(["constants"] + arguments + ["--output", model.path("copy.gguf")])
        #expect(again.contains("exists already"), "\(again)")
    }
}
