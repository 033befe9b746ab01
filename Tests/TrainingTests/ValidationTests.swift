import AutoDecoHeads
import Configuration
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
        let section = trainer.configuration.training
        let expected = try corpus.cache.losses(
            of: heads, over: corpus.cache.trajectories(.validation, of: TrajectorySplit(validationFraction: section.validationFraction, seed: 3)))
        #expect(abs(result.loss - expected.total(section.lossObjective)) < 1e-6)
        #expect(result.tokens == expected.counts.tokens)
        #expect(result.temperature.counts.reduce(0, +) == result.tokens && result.topP.counts.reduce(0, +) == result.tokens)
    }

    @Test(arguments: ["joint", "released"], ["both", "temperature", "topP"])
    func noConstantOfAFineGridIsBetterThanTheBestConstantPair(objective: String, heads: String) throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let trainer = try corpus.trainer("training.objective=\(objective);training.heads=\(heads)", in: folder.url)
        let selection = trainer.headsConfiguration.heads, yardsticks = try trainer.validation.yardsticks(heads: selection)
        func loss(_ T: Double, _ P: Double) throws -> Double { try trainer.validation.loss(temperature: T, topP: P, heads: selection) }
        #expect(yardsticks.defaultSampling.loss == (try loss(1, 1)))
        #expect(yardsticks.bestConstant.loss <= yardsticks.defaultSampling.loss)
        var least = Double.infinity
        for T in selection.hasTemperature ? stride(from: 0.05, through: 2, by: 0.05).map(\.self) : [1] {
            for P in selection.hasTopP ? stride(from: 0.05, through: 1, by: 0.05).map(\.self) : [1] { least = min(least, try loss(T, P)) }
        }
        #expect(yardsticks.bestConstant.loss <= least + 1e-6, "\(yardsticks.bestConstant) against \(least)")
        // Nor is one a step of the search's last but one size away.
        let best = yardsticks.bestConstant
        for step in [0.003125, -0.003125] {
            if selection.hasTemperature { #expect(try loss(best.temperature + step, best.topP) >= best.loss) }
            if selection.hasTopP { #expect(try loss(best.temperature, min(1, best.topP + step)) >= best.loss) }
        }
    }

    @Test func headsThatSeeWhatConstantsCannotBeatThem() throws {
        let corpus = try Corpus(trajectories: 120), folder = try TemporaryFolder()
        let summary = try corpus.trainer(
            "training.steps=60;training.trajectoriesPerStep=16;training.microBatchTokens=1000;training.validationEvery=20", in: folder.url).finished()
        #expect(summary?.beatsBestConstant == true, "\(summary?.verdict ?? "")")
        #expect(summary?.verdict.contains("below that of the best constant pair") == true)
    }

    @Test func headsThatLearnNothingAreSaidToHaveLearnedNothing() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let summary = try corpus.trainer("training.learningRate=1e-12;training.steps=3", in: folder.url).finished()
        #expect(summary?.beatsBestConstant == false)
        #expect(summary?.verdict.contains("learned nothing about single tokens") == true)
    }

    @Test func trainingStopsAfterValidationsWithoutImprovement() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        // A rate so small that no parameter changes.
        let trainer = try corpus.trainer(
            "training.learningRate=1e-30;training.steps=100;training.validationEvery=2;training.earlyStoppingPatience=3", in: folder.url)
        let summary = try trainer.finished()
        #expect(summary?.steps == 6)
        #expect(summary?.earlyStop == "3 validations in a row without improvement")
    }

    @Test func theHeadsWithTheLowestValidationLossAreKept() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        // A rate that soon does harm.
        let trainer = try corpus.trainer("training.learningRate=0.3;training.schedule=constant;training.steps=20;training.validationEvery=1", in: folder.url)
        var validations: [ValidationRecord] = []
        let summary = try trainer.finished(TrainingEvents(validation: { validations.append($0) }))
        let least = validations.min { $0.result.loss < $1.result.loss }
        #expect(summary?.validationLoss == least?.result.loss && summary?.bestStep == least?.step)
        #expect(least?.step != validations.last?.step)
        let heads = try AutoDecoHeads<Float>(folder: RunFolder(folder.url).heads)
        var batch = corpus.cache.emptyBatch(as: Float.self)
        #expect(try trainer.validation.evaluate(heads, batch: &batch).loss == least?.result.loss)
    }
}
