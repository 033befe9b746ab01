import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Tensor
import Testing
@testable import Training

@Suite struct StepTests {
    private func section(_ corpus: Corpus, _ settings: String = "") throws -> TrainingSettings {
        try corpus.configuration(settings).training.settings
    }

    private func plan(_ corpus: Corpus, _ section: TrainingSettings) -> StepPlan {
        StepPlan(trajectories: corpus.cache.trajectories(.training, of: section.split), settings: section)
    }

    private func heads(_ selection: HeadSelection = .both) -> AutoDecoHeads<Float> {
        var random = RandomGenerator(seed: 9)
        return AutoDecoHeads(configuration: HeadsConfiguration(hiddenSize: Corpus.D, heads: selection), random: &random)
    }

    @Test func anEpochTakesEachTrajectoryOnce() throws {
        let corpus = try Corpus(), section = try section(corpus)
        var plan = plan(corpus, section)
        let count = plan.trajectories.count
        let taken = (0..<count).flatMap { plan.trajectories(step: $0) }
        #expect(taken.count == 6 * count)
        for epoch in 0..<6 {
            #expect(
                taken.filter { $0.epoch == epoch }.map(\.trajectory.number).sorted()
                    == plan.trajectories.map(\.number).sorted())
        }
        // In orders of their own, and never a held-out one.
        #expect(taken[..<count].map(\.trajectory.number) != taken[count..<2 * count].map(\.trajectory.number))
        let held = Set(corpus.cache.trajectories(.validation, of: section.split).map(\.number))
        #expect(!held.isEmpty && !taken.contains { held.contains($0.trajectory.number) })
    }

    @Test func aStepCanBeAskedForAtAnyTime() throws {
        let corpus = try Corpus(), section = try section(corpus)
        var forward = plan(corpus, section), jumping = plan(corpus, section)
        let inOrder = (0..<30).map { forward.trajectories(step: $0).map(\.trajectory.number) }
        for step in [17, 3, 29, 0] {
            #expect(jumping.trajectories(step: step).map(\.trajectory.number) == inOrder[step])
        }
    }

    @Test func whichTokensAreDroppedDependsOnSeedEpochAndTokenAlone() throws {
        let corpus = try Corpus(), section = try section(corpus), plan = plan(corpus, section)
        let long = corpus.cache.trajectories.max { $0.count < $1.count } ?? corpus.cache.trajectories[0]
        let whole = plan.keptTokens(of: long, epoch: 1, in: corpus.cache)
        #expect(plan.keptTokens(of: long[5..<long.count], epoch: 1, in: corpus.cache) == Array(whole[5...]))
        #expect(plan.keptTokens(of: long, epoch: 2, in: corpus.cache) != whole)
        #expect(
            self.plan(corpus, try self.section(corpus, "training.seed=4")).keptTokens(
                of: long, epoch: 1, in: corpus.cache) != whole)
    }

    @Test func theDropRateIsTheShareOfEasyTokensThatIsDropped() throws {
        let corpus = try Corpus(), plan = plan(corpus, try section(corpus))
        var easy = 0, dropped = 0
        for trajectory in corpus.cache.trajectories {
            for epoch in 0..<8 {
                let kept = plan.keptTokens(of: trajectory, epoch: epoch, in: corpus.cache)
                for (rank, kept) in zip(corpus.cache.labelRanks(of: trajectory), kept) {
                    if rank == 0 { easy += 1 }
                    if !kept {
                        dropped += 1
                        #expect(rank == 0)
                    }
                }
            }
        }
        // Four standard deviations.
        let share = Double(dropped) / Double(easy)
        #expect(abs(share - 0.6) < 4 * (0.24 / Double(easy)).squareRoot(), "\(share) of \(easy)")
    }

    /// Against the same step in one piece from composed operations.
    @Test(arguments: [Objective.joint, .released], HeadSelection.allCases)
    func aStepIsTheMeanOverTheWholeStepsTokensWhateverTheMicroBatches(
        objective: Objective, selection: HeadSelection
    ) throws {
        let corpus = try Corpus()
        var reference: [Tensor<Float>] = []
        for microBatch in [100_000, 64, 7] {
            let section = try section(
                corpus,
                "training.microBatchTokens=\(microBatch);training.objective=\(objective.rawValue);"
                    + "training.heads=\(selection.rawValue)"
            )
            var plan = plan(corpus, section)
            let tokens = plan.tokens(step: 2, of: corpus.cache), heads = heads(selection)
            let step = StepGradients(
                cache: corpus.cache, configuration: heads.configuration, settings: section.loss,
                microBatchTokens: microBatch)
            let found = try step.compute(tokens, parameters: heads.parameters.named.map(\.value))

            let trajectories = plan.trajectories(step: 2),
                batch = try corpus.cache.batch(of: trajectories.map(\.trajectory), as: Float.self)
            let kept = trajectories.flatMap { plan.keptTokens(of: $0.trajectory, epoch: $0.epoch, in: corpus.cache) }
            #expect(found.counts == TokenCounts(tokens: batch.count, kept: kept.count { $0 }))
            var losses = HeadsLosses(heads: heads, counts: found.counts, settings: section.loss, gradients: true)
            losses.add(hidden: batch.hidden, logits: batch.sketches, kept: kept)
            #expect(abs(found.loss - losses.total(objective)) < 1e-6 * (1 + abs(found.loss)))
            reference = try gradients(of: losses, objective)
            #expect(step.gradients.count == reference.count)
            for (a, b) in zip(step.gradients, reference) {
                #expect(GradientNorm(of: [a - b]).value <= 1e-5 * GradientNorm(of: [b]).value + 1e-9)
            }
        }
        #expect(GradientNorm(of: reference).value > 1e-4)
    }

    /// Of what is minimised, by each parameter.
    private func gradients(of losses: HeadsLosses<Float>, _ objective: Objective) throws -> [Tensor<Float>] {
        let gradients = try #require(losses.gradients)
        func values(_ parameters: HeadsParameters<Tensor<Float>>) -> [Tensor<Float>] { parameters.named.map(\.value) }
        switch (objective, losses.heads.configuration.heads) {
        case (.joint, _), (.reward, _): return values(gradients.joint)
        case (.released, .temperature): return values(gradients.temperature)
        case (.released, .topP): return values(gradients.topP)
        case (.released, .both): return zip(values(gradients.temperature), values(gradients.topP)).map { $0 + $1 }
        }
    }

    @Test func aStepInWhichAllTokensAreDroppedHasNoLossAndNoGradient() throws {
        let corpus = try Corpus(), heads = heads(), section = try section(corpus)
        let step = StepGradients(
            cache: corpus.cache, configuration: heads.configuration, settings: section.loss, microBatchTokens: 64)
        let losses = try step.compute(StepTokens(), parameters: heads.parameters.named.map(\.value))
        #expect(losses.loss == 0)
        #expect(GradientNorm(of: step.gradients).value == 0)
    }

    @Test func stepsAfterTheFirstAskTheSystemForNoTensorMemory() throws {
        let corpus = try Corpus(), heads = heads(), section = try section(corpus)
        let step = StepGradients(
            cache: corpus.cache, configuration: heads.configuration, settings: section.loss, microBatchTokens: 100)
        let tokens = StepTokens(all: Array(corpus.cache.trajectories.prefix(20))),
            parameters = heads.parameters.named.map(\.value)
        for _ in 0..<2 { _ = try step.compute(tokens, parameters: parameters) }
        let before = step.pool.allocations
        for _ in 0..<5 { _ = try step.compute(tokens, parameters: parameters) }
        #expect(step.pool.allocations == before)
        #expect(before > 0)
    }
}
