import AutoDecoHeads
import Recipes
import Foundation
import HiddenStateCache
import LogitSketches
import Tensor
import Testing
@testable import Training

@Suite struct ValidationTests {
    /// What `autodeco-inspect loss --cache … --trajectories validation` computes.
    @Test(arguments: [SketchShape.standard, SketchShape(exact: 8, bins: 8)], ["joint", "released"])
    func validationIsTheCachesOwnLossOverHeldOutTrajectories(sketch: SketchShape, objective: String) throws {
        let corpus = try Corpus(sketch: sketch), folder = try TemporaryFolder()
        let trainer = try corpus.trainer("training.objective=\(objective)", in: folder.url)
        var random = RandomGenerator(seed: 2)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: Corpus.D), random: &random)
        var batch = corpus.cache.emptyBatch(as: Float.self)
        let result = try trainer.validation.evaluate(heads, batch: &batch)
        let settings = trainer.settings
        let expected = try corpus.cache.losses(
            of: heads, over: corpus.cache.trajectories(.validation, of: settings.split))
        #expect(abs(result.loss - expected.total(settings.loss.objective)) < 1e-6)
        #expect(result.tokens == expected.counts.tokens)
        #expect(
            result.temperature.counts.reduce(0, +) == result.tokens && result.topP.counts.reduce(0, +) == result.tokens)
    }

    @Test(arguments: ["joint", "released"], ["both", "temperature", "topP"])
    func noConstantOfAFineGridIsBetterThanTheBestConstantPair(objective: String, heads: String) throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let trainer = try corpus.trainer("training.objective=\(objective);training.heads=\(heads)", in: folder.url)
        let selection = trainer.headsConfiguration.heads, yardsticks = try trainer.validation.yardsticks()
        func loss(_ T: Double, _ P: Double) throws -> Double {
            try trainer.validation.halves.choosing.loss(ofTemperature: T, topP: P, by: trainer.validation.loss).mean
        }
        #expect(yardsticks.defaultSampling.loss == (try loss(1, 1)))
        #expect(yardsticks.bestConstant.loss <= yardsticks.defaultSampling.loss)
        var least = Double.infinity
        for T in selection.hasTemperature ? stride(from: 0.05, through: 2, by: 0.05).map(\.self) : [1] {
            for P in selection.hasTopP ? stride(from: 0.05, through: 1, by: 0.05).map(\.self) : [1] {
                least = min(least, try loss(T, P))
            }
        }
        #expect(yardsticks.bestConstant.loss <= least + 1e-6, "\(yardsticks.bestConstant) against \(least)")
        // Nor is one a step of the search's last but one size away.
        let best = yardsticks.bestConstant
        for step in [0.003125, -0.003125] {
            if selection.hasTemperature { #expect(try loss(best.temperature + step, best.topP) >= best.loss) }
            if selection.hasTopP { #expect(try loss(best.temperature, min(1, best.topP + step)) >= best.loss) }
        }
    }

    private static let long =
        "training.steps=200;training.trajectoriesPerStep=16;training.microBatchTokens=1000;"
        + "training.validationEvery=20"

    @Test func headsThatSeeWhatConstantsCannotAreShownToBeatThem() throws {
        let corpus = try Corpus(trajectories: 800), folder = try TemporaryFolder()
        let summary = try #require(try corpus.trainer(Self.long, in: folder.url).finished())
        #expect(summary.finding == .better, "\(summary.verdict)")
        #expect(summary.verdict.hasPrefix("The heads' loss is below that of the best constant pair"))
        let difference = try #require(summary.standing?.difference)
        #expect(difference.upper < 0 && difference.lower < difference.mean)
    }

    /// Heads that were fitted without Dynamic Fine-Tuning are not judged by a loss with it.
    @Test func theYardstickIsTheRunsOwnObjectiveAndWeights() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let trainer = try corpus.trainer(
            "training.objective=released;training.dynamicFineTuning=false;training.easyTokenDrop=0.6", in: folder.url)
        var random = RandomGenerator(seed: 2), batch = corpus.cache.emptyBatch(as: Float.self)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: Corpus.D), random: &random)
        let held = corpus.cache.trajectories(.validation, of: trainer.settings.split)
        var plain = LossSettings()
        (plain.dynamicFineTuning, plain.easyTokenDropRate) = (false, 0)
        let expected = try corpus.cache.losses(of: heads, over: held, settings: plain).total(.released)
        #expect(abs(try trainer.validation.evaluate(heads, batch: &batch).loss - expected) < 1e-5)
        // Its weights are not those of the paper.
        #expect(abs(try corpus.cache.losses(of: heads, over: held).total(.released) - expected) > 0.1)
        #expect(trainer.validation.loss.words == "released objective, without Dynamic Fine-Tuning")
    }

    @Test func headsThatLearnNothingAreSaidToBeWorseThanAConstant() throws {
        let corpus = try Corpus(trajectories: 160), folder = try TemporaryFolder()
        let summary = try corpus.trainer("training.learningRate=1e-12;training.steps=3", in: folder.url).finished()
        #expect(summary?.finding == .worse)
        #expect(summary?.verdict.contains("A constant does better") == true)
    }

    @Test func headsThatAreAConstantAreNotToldApartFromTheBestOne() throws {
        let corpus = try Corpus(trajectories: 160), folder = try TemporaryFolder()
        let trainer = try corpus.trainer(in: folder.url), pair = try trainer.validation.yardsticks().bestConstant
        var batch = corpus.cache.emptyBatch(as: Float.self), random = RandomGenerator(seed: 2)
        var heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: Corpus.D), random: &random)
        heads.parameters = heads.parameters.map { Tensor(shape: $0.shape, repeating: 0) }
        func logit(_ share: Double) -> Float { Float(Foundation.log(share / (1 - share))) }
        heads.parameters.temperature?.secondBias[0] = logit(pair.temperature / 2)
        heads.parameters.topP?.secondBias[0] = logit(min(pair.topP, 0.9999))
        let standing = try #require(try trainer.validation.standing(of: heads, beside: pair, batch: &batch))
        #expect(standing.finding == .notToldApart, "\(standing.words)")
        #expect(standing.words.contains("are not told apart"))
    }

    @Test func fewTrajectoriesAreSaidToBeTooFew() throws {
        let corpus = try Corpus(trajectories: 30), folder = try TemporaryFolder()
        let summary = try #require(try corpus.trainer(Self.long, in: folder.url).finished())
        #expect(summary.finding == .tooFew && summary.standing?.difference == nil)
        #expect(summary.verdict.hasPrefix("Too few trajectories to tell"))
    }

    @Test func theHalvesThatChooseAndJudgeShareNoTrajectory() throws {
        let corpus = try Corpus(trajectories: 100), folder = try TemporaryFolder()
        let validation = try corpus.trainer(in: folder.url).validation
        let choosing = Set(validation.halves.choosing.trajectories.map(\.number))
        let judging = Set(validation.halves.judging.trajectories.map(\.number))
        #expect(choosing.count == 15 && judging.count == 15 && choosing.isDisjoint(with: judging))
        #expect(choosing.union(judging) == Set(validation.heldOut.trajectories.map(\.number)))
    }

    @Test func aRunWhoseLastStepDivergesIsNotExported() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        // The very first update overflows; its step is the last one.
        let found = message {
            try corpus.trainer(
                "training.steps=1;training.learningRate=1e300;training.schedule=constant", in: folder.url
            ).finished()
        }
        #expect(found?.contains("after step 1 is not finite") == true, "\(found ?? "nothing was thrown")")
        #expect(!FileManager.default.fileExists(atPath: run.heads.appendingPathComponent("model.safetensors").path))
    }

    @Test func trainingStopsAfterValidationsWithoutImprovement() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        // A rate so small that no parameter changes.
        let trainer = try corpus.trainer(
            "training.learningRate=1e-30;training.steps=100;training.validationEvery=2;"
                + "training.earlyStoppingPatience=3",
            in: folder.url)
        let summary = try trainer.finished()
        #expect(summary?.steps == 6)
        #expect(summary?.earlyStop == "3 validations in a row without improvement")
    }

    @Test func theHeadsWithTheLowestValidationLossAreKept() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        // A rate that soon does harm.
        let trainer = try corpus.trainer(
            "training.learningRate=0.3;training.schedule=constant;training.steps=20;training.validationEvery=1",
            in: folder.url)
        var validations: [ValidationRecord] = []
        let summary = try trainer.finished(TrainingEvents(validation: { validations.append($0) }))
        let least = validations.min { $0.result.choosingLoss < $1.result.choosingLoss }
        #expect(summary?.validationLoss == least?.result.loss && summary?.bestStep == least?.step)
        #expect(least?.step != validations.last?.step)
        let heads = try AutoDecoHeads<Float>(folder: RunFolder(folder.url).heads)
        var batch = corpus.cache.emptyBatch(as: Float.self)
        #expect(try trainer.validation.evaluate(heads, batch: &batch).loss == least?.result.loss)
    }
}
