import Autodiff
import Foundation
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

@Suite struct RewardLossTests {
    /// Loss of single tokens at ρ = q/μ and A, and its derivative by −log q.
    private func fused(_ ratios: [Double], _ advantages: [Float]) -> (loss: [Double], gradient: [Double]) {
        let tape = Tape<Double>(), shape = [ratios.count, 1]
        let crossEntropy = tape.parameter(Tensor(shape: shape, ratios.map { 2 - log($0) }))
        let rewards = TokenRewards<Double>(
            advantages: advantages, behaviour: Array(repeating: -2, count: ratios.count))
        let loss = rewards.losses(crossEntropy: crossEntropy, tape: tape)
        return (loss.value.elements, tape.gradients(of: loss)[crossEntropy].elements)
    }

    @Test func aTokenPullsByItsAdvantageUntilItsRatioLeavesTheClip() {
        let ratios = [0.5, 0.9, 1.1, 1.5]
        let (gained, up) = fused(ratios, [2, 2, 2, 2])
        for (got, expected) in zip(gained + up, [-1, -1.8, -2.2, -2.4, 1, 1.8, 2.2, 0]) {
            #expect(abs(got - expected) < 1e-12)
        }
        // What was worse than the others is pushed down, and back down from wherever it has gone up to.
        let (lost, down) = fused(ratios, [-2, -2, -2, -2])
        for (got, expected) in zip(lost + down, [1.6, 1.8, 2.2, 3, 0, -1.8, -2.2, -3]) {
            #expect(abs(got - expected) < 1e-12)
        }
    }

    @Test func aTokenWithoutAdvantagePullsNothingWhateverItsRatio() {
        let (loss, gradient) = fused([1e-30, 1, 1e300], [0, 0, 0])
        #expect(loss.allSatisfy { $0 == 0 } && gradient.allSatisfy { $0 == 0 })
    }

    @Test func fusedEqualsComposedInDouble() throws {
        var random = RandomGenerator(seed: 30), value = Worst(), gradient = Worst()
        let constants = LossConstants().ofSampling
        for trial in 0..<200 {
            let V = Int(pow(2000, random.uniform())), row = RandomRows.row(.bulk, V, &random),
                label = RandomRows.label(row, &random)
            // One head alone leaves P̂ = 1, which is the temperature's own distribution.
            let T = random.uniform(in: 0.05..<2), P = trial % 3 == 0 ? 1 : random.uniform(in: 0.3..<0.999)
            let logits = Tensor(shape: [1, V], row), rows = try SortedRows(logits: logits, labels: [label])
            let t = Tensor(shape: [1, 1], [T]), p = Tensor(shape: [1, 1], [P])
            let q = rows.losses(temperature: t, topP: p, constants: constants).joint[0]
            let rewards = TokenRewards<Double>(
                advantages: [Float(random.normal())], behaviour: [Float(-q - 0.5 * random.normal())])
            func values(
                _ loss: (Tape<Double>, Variable<Double>, Variable<Double>) throws -> Variable<Double>
            ) throws
                -> [Double]
            {
                let tape = Tape<Double>(), T = tape.parameter(t), P = tape.parameter(p)
                let loss = try loss(tape, T, P), gradients = tape.gradients(of: loss)
                return [loss.value[0], gradients[T][0], gradients[P][0]]
            }
            let expected = try values { tape, T, P in
                try Equations(tape: tape, logits: logits, labels: [label], constants: constants).rewardLoss(
                    T, topP: P, rewards: rewards)
            }
            let got = try values { tape, T, P in
                rewards.losses(
                    crossEntropy: rows.losses(temperature: T, topP: P, constants: constants, tape: tape).joint,
                    tape: tape)
            }
            value.note(got[0], expected[0], "V=\(V) T=\(T) P=\(P)")
            for i in 1...2 { gradient.note(got[i], expected[i], "V=\(V) T=\(T) P=\(P) [\(i)]") }
        }
        #expect(value.error <= 1e-12, "\(value.place)")
        #expect(gradient.error <= 1e-9, "\(gradient.place)")
    }

    /// Where all completions are drawn by the heads themselves, ρ = 1: the loss is −mean A, its gradient REINFORCE's.
    @Test func theMeanIsOverAllTokensUnweighted() throws {
        let rows = try SortedRows(
            logits: Tensor<Double>(shape: [2, 3], [1, 0, -1, 0, 2, 1]), labels: [1, 1])
        let T = Tensor<Double>(shape: [2, 1], [0.7, 1.3]), P = Tensor<Double>(shape: [2, 1], repeating: 1)
        let q = rows.losses(temperature: T, topP: P, constants: LossConstants()).temperature
        let rewards = TokenRewards<Double>(advantages: [0.5, -0.25], behaviour: [Float(-q[0]), Float(-q[1])])
        let tape = Tape<Double>(), temperature = tape.parameter(T)
        var settings = LossSettings()
        settings.objective = .reward
        let terms = ObjectiveTerms(
            logits: rows, temperature: temperature, topP: tape.constant(P), kept: [true, false], rewards: rewards,
            counts: TokenCounts(tokens: 5, kept: 1), settings: settings, tape: tape)
        let total = terms.total(.reward, heads: .temperature)
        #expect(abs(total.value[0] - -0.25 / 5) < 1e-6)
        let losses = rows.losses(temperature: T, topP: P, constants: LossConstants())
        for (row, A) in [0.5, -0.25].enumerated() {
            let expected = A * losses.temperatureByTemperature[row] / 5
            #expect(abs(tape.gradients(of: total)[temperature][row] - expected) < 1e-6)
        }
    }
}
