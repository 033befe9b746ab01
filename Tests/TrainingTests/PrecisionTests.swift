import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Tensor
import Testing
@testable import Training

/// Training with products of the cache's own BF16 numbers, on processors that multiply them and on others.
@Suite struct PrecisionTests {
    private static let paths = BF16Kernels.hasTiles ? [false, true] : [true]

    private func bytes(_ folder: URL) throws -> [Data] {
        let run = RunFolder(folder)
        let files = [run.checkpoint, run.heads.appendingPathComponent("model.safetensors")]
        return try files.map { try Data(contentsOf: $0) }
    }

    /// Rounding weights moves relu's edge, which changes gradients by percents; so both sides get the rounded ones.
    @Test(arguments: paths, [Objective.joint, .released])
    func gradientsAreThoseOfFloatAtTheSameRoundedWeights(isWidening: Bool, objective: Objective) throws {
        let synthetic = try SyntheticCache(
            CacheDescription(modelName: "random", modelPath: "", hiddenSize: 203, vocabularySize: 700),
            trajectories: 4, length: 290)
        let cache = synthetic.cache, tokens = StepTokens(all: cache.trajectories)
        let configuration = HeadsConfiguration(hiddenSize: 203)
        var random = RandomGenerator(seed: 5), settings = LossSettings()
        settings.objective = objective
        let parameters = AutoDecoHeads<Float>(configuration: configuration, random: &random).parameters.named.map {
            $0.name.hasSuffix("mlp.0.weight") ? BF16Matrix(rounding: $0.value).widened : $0.value
        }
        func gradients(_ precision: TrainingPrecision) throws -> (loss: Double, gradients: [Tensor<Float>]) {
            let step = StepGradients(
                cache: cache, configuration: configuration, settings: settings, microBatchTokens: 700,
                precision: precision)
            let losses = try step.compute(tokens, parameters: parameters)
            return (losses.loss, step.gradients)
        }
        let expected = try gradients(.float)
        let found = try BF16Kernels.$avoidsTiles.withValue(isWidening) { try gradients(.bf16) }
        #expect(abs(found.loss - expected.loss) < 1e-5 * abs(expected.loss))
        var largest = 0.0
        for (a, b) in zip(found.gradients, expected.gradients) {
            let difference = GradientNorm(of: [a - b]).value / GradientNorm(of: [b]).value
            largest = max(largest, difference)
            #expect(difference < 3e-3, "\(a.shape)")
        }
        // Gradients by inner layers are rounded for the product, which leaves a trace in those by first weights.
        #expect(largest > 1e-4)
    }

    @Test func theCachesTypeDecidesWhereNothingIsSaid() throws {
        let folder = try TemporaryFolder()
        let brain = try Corpus(hiddenType: .bf16), float = try Corpus()
        #expect(try brain.trainer(in: folder.url).plan.precision == "bf16")
        #expect(try brain.trainer("training.precision=float", in: folder.url).plan.precision == "float")
        #expect(try float.trainer(in: folder.url).plan.precision == "float")
        #expect(try float.trainer("training.precision=float", in: folder.url).plan.precision == "float")
        // Half precision has a smaller range, and is widened.
        #expect(try Corpus(hiddenType: .f16).trainer(in: folder.url).plan.precision == "float")
        let sentence = message { _ = try float.trainer("training.precision=bf16", in: folder.url) }
        #expect(
            sentence?.contains("holds hidden states in F32, expected BF16 as training.precision = \"bf16\" needs")
                == true,
            "\(sentence ?? "")")
        #expect(message { _ = try float.configuration("training.precision=half") }?.contains("\"bf16\"") == true)
    }

    @Test(arguments: paths)
    func aRunHasTheSameBytesWithAnyNumberOfThreadsAndWhenItIsResumed(isWidening: Bool) throws {
        let corpus = try Corpus(hiddenType: .bf16)
        try BF16Kernels.$avoidsTiles.withValue(isWidening) {
            let runs = try [1, 2, 3].map { threads in
                let folder = try TemporaryFolder()
                try Parallel.$threads.withValue(threads) { _ = try corpus.trainer(in: folder.url).finished() }
                return try bytes(folder.url)
            }
            #expect(runs.allSatisfy { $0 == runs[0] })
            let cut = try TemporaryFolder()
            for stop in [4, 9] {
                var last = 0
                _ = try corpus.trainer(in: cut.url).train(
                    resuming: stop > 4, TrainingEvents(step: { last = $0.step }, isInterrupted: { last == stop }))
                #expect(last == stop)
            }
            try corpus.trainer(in: cut.url).finished(resuming: true)
            #expect(try bytes(cut.url) == runs[0])
            // The other precision gives other numbers, or the choice would have no effect.
            let float = try TemporaryFolder()
            try corpus.trainer("training.precision=float", in: float.url).finished()
            #expect(try bytes(float.url)[1] != runs[0][1])
        }
    }

    @Test func aRunGoesOnInThePrecisionThatItBeganWith() throws {
        let corpus = try Corpus(hiddenType: .bf16), folder = try TemporaryFolder()
        try corpus.trainer("training.steps=3", in: folder.url).finished()
        let found = message {
            try corpus.trainer("training.steps=3;training.precision=float", in: folder.url).finished(resuming: true)
        }
        #expect(found?.contains(#"training.precision was "bf16" and is "float""#) == true, "\(found ?? "")")
        // To name what is the default anyway changes nothing.
        #expect(
            message {
                try corpus.trainer("training.steps=3;training.precision=bf16", in: folder.url).finished(resuming: true)
            } == nil)
    }

    /// Checkpoints of before there was a choice.
    @Test func aRunThatNamesNoPrecisionWasFloat() {
        func differences(_ now: String) -> [String] {
            RunIdentity(settings: ["precision": .string(now)], cache: "")
                .differences(from: RunIdentity(settings: [:], cache: ""))
        }
        #expect(differences("float") == [])
        #expect(differences("bf16") == [#"training.precision was "float" and is "bf16""#])
    }

    /// Headroom for what heads can learn: both precisions find it, to the same loss.
    @Test func headsLearnWhatTheyLearnInFloat() throws {
        let corpus = try Corpus(trajectories: 100, hiddenType: .bf16)
        func loss(_ settings: String) throws -> Double {
            let folder = try TemporaryFolder()
            let summary = try corpus.trainer(
                "training.steps=60;training.trajectoriesPerStep=16;" + settings, in: folder.url
            ).finished()
            return try #require(summary?.validationLoss)
        }
        let float = try loss("training.precision=float"), bf16 = try loss("training.precision=bf16")
        #expect(abs(bf16 - float) < 2e-3 * abs(float), "\(bf16) and \(float)")
    }
}
