import AutoDecoHeads
import Recipes
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
import Testing
@testable import Training

@Suite struct InitialHeadsTests {
    /// Heads on disk, in a float type.
    private func write(
        _ configuration: HeadsConfiguration, seed: UInt64 = 9, as type: ElementType = .f32, to folder: TemporaryFolder
    ) throws -> AutoDecoHeads<Float> {
        var random = RandomGenerator(seed: seed)
        let fresh = AutoDecoHeads<Float>(configuration: configuration, random: &random)
        try fresh.write(to: folder.url, origin: HeadsOrigin(baseModel: "tiny"))
        try SafetensorsWriter.write(
            fresh.parameters.named.map { NewTensor($0.name, $0.value.shape, $0.value.elements, as: type) },
            to: folder.url.appendingPathComponent("model.safetensors").path)
        return try AutoDecoHeads<Float>(folder: folder.url)
    }

    @Test(arguments: [ElementType.f32, .bf16], ["joint", "released"])
    func theValidationLossBeforeTheFirstStepIsThatOfTheInitialHeads(type: ElementType, objective: String) throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), place = try TemporaryFolder(),
            other = try TemporaryFolder()
        let heads = try write(HeadsConfiguration(hiddenSize: Corpus.D), as: type, to: place)
        var first: ValidationRecord?
        let trainer = try corpus.trainer(
            "training.initialHeads=\"\(place.url.path)\";training.objective=\(objective)", in: folder.url)
        try trainer.finished(TrainingEvents(validation: { if $0.step == 0 { first = $0 } }))
        // What `autodeco-inspect loss --heads … --trajectories validation` computes.
        let settings = trainer.settings
        let expected = try corpus.cache.losses(
            of: heads, over: corpus.cache.trajectories(.validation, of: settings.split)
        ).total(settings.loss.objective)
        #expect(abs((first?.result.loss ?? -1) - expected) < 1e-6)
        var random: ValidationRecord?
        try corpus.trainer("training.objective=\(objective)", in: other.url).finished(
            TrainingEvents(validation: { if $0.step == 0 { random = $0 } }))
        #expect(abs((random?.result.loss ?? expected) - expected) > 1e-4)
    }

    @Test func headsThatAreNotWhatTheConfigurationFitsAreRefused() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        func refusal(_ heads: HeadsConfiguration, _ settings: String = "", of corpus: Corpus) throws -> String? {
            let place = try TemporaryFolder()
            _ = try write(heads, to: place)
            return message {
                _ = try corpus.trainer("training.initialHeads=\"\(place.url.path)\";\(settings)", in: folder.url)
            }
        }
        #expect(
            try refusal(HeadsConfiguration(hiddenSize: 13), of: corpus)?.contains(
                "read hidden states of 13 columns, expected 12") == true)
        #expect(
            try refusal(HeadsConfiguration(hiddenSize: 12, heads: .topP), of: corpus)?.contains(
                "are of training.heads \"topP\", expected \"both\"") == true)
        #expect(
            try refusal(HeadsConfiguration(hiddenSize: 12), "training.heads=temperature", of: corpus)?.contains(
                "expected \"temperature\"") == true)
        #expect(
            try refusal(HeadsConfiguration(hiddenSize: 12, enhancedFeatures: false), of: corpus)?.contains(
                "training.enhancedFeatures false, expected true") == true)
        let projected = try Corpus(rank: 5)
        #expect(
            try refusal(HeadsConfiguration(hiddenSize: 12), of: projected)?.contains(
                "read the full hidden state of 12 columns, the cache holds 5 principal components") == true)
        #expect(try refusal(HeadsConfiguration(hiddenSize: 5), of: projected) == nil)
        #expect(
            message { _ = try corpus.trainer("training.initialHeads=no/such/heads", in: folder.url) }?.contains(
                "no/such/heads/config.json") == true)
    }

    @Test func aRunIsNotResumedAsOneThatBeganWithOtherHeads() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), place = try TemporaryFolder(),
            moved = try TemporaryFolder()
        _ = try write(HeadsConfiguration(hiddenSize: Corpus.D), to: place)
        func resume(_ heads: TemporaryFolder?) -> String? {
            let setting = heads.map { "training.initialHeads=\"\($0.url.path)\"" } ?? ""
            return message { try corpus.trainer(setting, in: folder.url).finished(resuming: true) }
        }
        #expect(resume(place) == nil)
        // The same numbers in another place are the same heads.
        _ = try write(HeadsConfiguration(hiddenSize: Corpus.D), to: moved)
        #expect(resume(moved) == nil)
        #expect(resume(nil)?.contains("and are random ones") == true)
        _ = try write(HeadsConfiguration(hiddenSize: Corpus.D), seed: 10, to: place)
        #expect(resume(place)?.contains("training.initialHeads were ") == true)
    }
}

@Suite struct ExpectedRunTests {
    private func configuration(_ settings: String...) throws -> RunConfiguration {
        let text = """
            { model: { hiddenSize: 24, vocabularySize: 900 }, cache: 
              { topLogits: 16, tailBins: 8, expectedTrajectories: 200, expectedTokens: 10000 },
              training: { steps: 10, trajectoriesPerStep: 40, microBatchTokens: 300,
              validationFraction: 0.1, maxTokens: 30 } }
            """
        return try RunConfiguration(json5: Data(text.utf8), file: "test", overrides: settings)
    }

    @Test func aRunWithoutACacheIsPlannedFromWhatIsExpected() throws {
        let plan = try configuration().expectedPlan()
        #expect(plan.isExpected && plan.hiddenSize == 24 && plan.vocabulary == 900)
        #expect(
            plan.trainingTrajectories == 180 && plan.validationTrajectories == 20 && plan.trainingTokens == 180 * 30
                && plan.validationTokens == 1000)
        #expect(plan.steps == 10 && plan.epochs == 400.0 / 180 && abs(plan.tokensOfAllSteps - 12_000) <= 1)
        // BF16 states; label, rank, logit, trajectory and position; logits; three columns of bins.
        #expect(plan.cacheBytes == 10_000 * (24 * 2 + 4 * (5 + 16 + 3 * 9)))
        #expect((plan.seconds ?? 0) > 0 && (plan.tokensPerSecond ?? 0) > 0)
        #expect(try configuration("cache.rank=6").expectedPlan().hiddenSize == 6)
    }

    /// The size that is foretold is the size that shards then have, but for their headers.
    @Test(arguments: [SketchShape.standard, SketchShape(exact: 8, bins: 8)]) func theExpectedSizeIsTheSizeOfShards(
        sketch: SketchShape
    ) throws {
        let cache = try Corpus(sketch: sketch).cache
        let expected = cache.tokens * cache.description.bytesPerToken
        #expect(cache.byteCount >= expected && cache.byteCount < expected + 2048 * cache.shardCount)
    }

    @Test(arguments: ["model.hiddenSize", "model.vocabularySize", "cache.expectedTrajectories", "cache.expectedTokens"])
    func whatIsMissingForAPlanIsNamed(key: String) throws {
        let configuration = try configuration("\(key)=null")
        #expect(message { _ = try configuration.expectedPlan() }?.contains("\(key) is missing") == true)
    }

    @Test func aCacheOfAnotherModelThanTheConfigurationNamesIsRefused() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        #expect(
            message { _ = try corpus.trainer("model.hiddenSize=13", in: folder.url) }?.contains(
                "with hiddenSize 12 (linear), expected 13 as model.hiddenSize says") == true)
        #expect(
            message { _ = try corpus.trainer("model.vocabularySize=41", in: folder.url) }?.contains(
                "with vocabularySize 40") == true)
        #expect(
            message { _ = try corpus.trainer("model.hiddenSize=12;model.vocabularySize=40", in: folder.url) } == nil)
    }

    /// Heads of D columns have 256·(2D + 5) + 4·256 + 2 parameters and 256 inner units; the published ones tell D.
    @Test func theConfigurationsOfThePapersModelsHaveTheirSizesAndThePapersSettings() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("configs/models")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(files.count == 7)
        let paper = RunIdentity(
            settings: try RunConfiguration(path: root.appendingPathComponent("configs/paper.json").path).record
                .settings, cache: ""
        ).settings
        let published = [
            "llama-3.1-nemotron-nano-8b-v1.json": 2.1, "deepseek-r1-distill-qwen-7b.json": 1.84,
            "qwen3-30b-a3b.json": 1.05, "gpt-oss-20b.json": 1.48,
        ]
        for file in files {
            let configuration = try RunConfiguration(path: folder.appendingPathComponent(file).path)
            #expect(RunIdentity(settings: configuration.record.settings, cache: "").settings == paper, "\(file)")
            let D = configuration.model.hiddenSize ?? 0
            #expect(
                D > 0 && configuration.model.vocabularySize != nil && configuration.cache.expectedTokens != nil
                    && configuration.cache.expectedTrajectories != nil)
            let shapes = AutoDecoHeads<Float>.shapes(for: HeadsConfiguration(hiddenSize: D)).named.map(\.value)
            let millions = Double(shapes.reduce(0) { $0 + $1.reduce(1, *) }) / 1e6
            if let expected = published[file] { #expect(abs(millions - expected) < 0.006, "\(file): \(millions)") }
        }
        #expect(Set(published.keys).isSubset(of: files))
    }
}
