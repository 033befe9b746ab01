import Autodiff
import Foundation
import LogitSketches
import Tensor
import Testing
@testable import AutoDecoHeads

/// Gradient checks of the mask, the fused losses and the whole chain from the heads' parameters to each loss.
@Suite struct HeadsGradientChecks {
    static func printRow(_ name: String, _ check: GradientCheck, bar: Double) {
        let title = name.padding(toLength: 40, withPad: " ", startingAt: 0)
        print(
            "gradcheck  \(title) "
                + String(format: "%7d points   worst %.1e   bar %.0e", check.points, check.worstError, bar))
    }

    /// Logits, labels, and T̂ and P̂ that keep every cumulative sum at least 1e-3 away from P̂, beyond the steps'
    /// reach.
    struct Batch {
        var logits: Tensor<Double>
        var labels: [Int]
        var temperature: Tensor<Double>
        var topP: Tensor<Double>

        init(rows: Int, V: Int, seed: UInt64) {
            var random = RandomGenerator(seed: seed), l: [Double] = [], labels: [Int] = [], T: [Double] = [],
                P: [Double] = []
            for _ in 0..<rows {
                let row = (0..<V).map { _ in 2 * random.normal() }, t = random.uniform(in: 0.3..<1.9)
                let e = row.map { exp($0 / t) }.sorted(by: >), total = e.reduce(0, +)
                var c: [Double] = [], sum = 0.0
                for x in e {
                    sum += x / total
                    c.append(sum)
                }
                var p = random.uniform(in: 0.05..<0.98)
                while c.contains(where: { abs($0 - p) < 1e-3 }) { p = random.uniform(in: 0.05..<0.98) }
                l += row
                T.append(t)
                P.append(p)
                labels.append(Int(random.next() % UInt64(V)))
            }
            logits = Tensor(shape: [rows, V], l)
            self.labels = labels
            temperature = Tensor(shape: [rows, 1], T)
            topP = Tensor(shape: [rows, 1], P)
        }
    }

    static let losses = ["temperature loss", "released top-p loss", "joint loss"]

    /// Rewards of tokens with both signs, and ratios below, within and above the clip, away from its ends.
    static func rewards(
        of rows: SortedRows<Double>, _ temperature: Tensor<Double>, _ topP: Tensor<Double>
    ) -> TokenRewards<Double> {
        let ratios: [Double] = [0.5, 0.9, 1, 1.1, 1.6], advantages: [Float] = [0.75, -0.25]
        let losses = rows.losses(temperature: temperature, topP: topP, constants: LossConstants().ofSampling)
        return TokenRewards(
            advantages: (0..<rows.count).map { advantages[$0 % 2] },
            behaviour: (0..<rows.count).map { Float(-losses.joint[$0] - log(ratios[$0 % 5])) })
    }

    @Test func gradcheckOfTheRewardLossIsWithinOneInAMillion() throws {
        let batch = Batch(rows: 20, V: 40, seed: 56)
        let rows = try SortedRows(logits: batch.logits, labels: batch.labels)
        let rewards = Self.rewards(of: rows, batch.temperature, batch.topP), constants = LossConstants().ofSampling
        let composed = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
            guard
                let equations = try? Equations(
                    tape: tape, logits: batch.logits, labels: batch.labels, constants: constants)
            else { fatalError("sound rows") }
            return equations.rewardLoss(x[0], topP: x[1], rewards: rewards)
        }
        let fused = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
            let joint = rows.losses(temperature: x[0], topP: x[1], constants: constants, tape: tape).joint
            return rewards.losses(crossEntropy: joint, tape: tape)
        }
        for (name, check) in [("composed", composed), ("fused", fused)] {
            Self.printRow("reward loss, \(name)", check, bar: 1e-6)
            #expect(check.worstError <= 1e-6, "\(name): \(check)")
        }
    }

    @Test func gradcheckOfTheEquationsIsWithinOneInAMillion() throws {
        let batch = Batch(rows: 12, V: 40, seed: 50)
        for (i, name) in Self.losses.enumerated() {
            let check = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
                guard let equations = try? Equations(tape: tape, logits: batch.logits, labels: batch.labels) else {
                    fatalError("sound rows")
                }
                return [
                    equations.temperatureLoss(x[0]), equations.topPLoss(x[0], topP: x[1]),
                    equations.jointLoss(x[0], topP: x[1]),
                ][i]
            }
            Self.printRow("\(name), composed", check, bar: 1e-6)
            #expect(check.worstError <= 1e-6, "\(name): \(check)")
        }
        let mask = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
            guard let equations = try? Equations(tape: tape, logits: batch.logits, labels: batch.labels) else {
                fatalError("sound rows")
            }
            return equations.softNucleusMask(equations.scaledLogits(x[0], atLeast: 0.01).softmax(), topP: x[1])
        }
        Self.printRow("soft nucleus mask", mask, bar: 1e-6)
        #expect(mask.worstError <= 1e-6, "\(mask)")
    }

    @Test func gradcheckOfTheFusedLossesIsWithinOneInAMillion() throws {
        let batch = Batch(rows: 12, V: 400, seed: 51)
        let rows = try SortedRows(logits: batch.logits, labels: batch.labels)
        for (i, name) in Self.losses.enumerated() {
            let check = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
                let losses = rows.losses(temperature: x[0], topP: x[1], constants: LossConstants(), tape: tape)
                return [losses.temperature, losses.topP, losses.joint][i]
            }
            Self.printRow("\(name), fused", check, bar: 1e-6)
            #expect(check.worstError <= 1e-6, "\(name): \(check)")
        }
    }

    /// The sketch's gradient is that of the sketched loss, not of the exact one: with few bins the two differ.
    @Test(arguments: [
        (SketchShape.standard, 3_000), (SketchShape(exact: 8, bins: 8), 60), (SketchShape(exact: 16, bins: 5), 2_000),
    ])
    func gradcheckOfSketchedLossesIsWithinOneInAMillion(shape: SketchShape, V: Int) throws {
        let batch = Batch(rows: 12, V: V, seed: 52)
        let sketches = try LogitSketches(logits: batch.logits, labels: batch.labels, shape: shape)
        for (i, name) in Self.losses.enumerated() {
            let check = GradientCheck(inputs: [batch.temperature, batch.topP], step: 1e-5) { tape, x in
                let losses = sketches.losses(temperature: x[0], topP: x[1], constants: LossConstants(), tape: tape)
                return [losses.temperature, losses.topP, losses.joint][i]
            }
            Self.printRow("\(name), K = \(shape.exact), B = \(shape.bins)", check, bar: 1e-6)
            #expect(check.worstError <= 1e-6, "\(name): \(check)")
        }
    }

    /// From the parameters of both heads to each objective, through features, masking and weights.
    @Test(arguments: [true, false], [true, false])
    func gradcheckFromHeadsToLossIsWithinOneInAHundredThousand(enhancedFeatures: Bool, detachesTemperature: Bool) throws
    {
        let D = 5, configuration = HeadsConfiguration(hiddenSize: D, enhancedFeatures: enhancedFeatures, innerSize: 6)
        var random = RandomGenerator(seed: 53)
        let heads = AutoDecoHeads<Double>(configuration: configuration, random: &random)
        let batch = Batch(rows: 9, V: 30, seed: 54),
            hidden = Tensor<Double>(shape: [9, D], (0..<9 * D).map { _ in random.normal() })
        let draws = (0..<9).map { _ in random.uniform() }
        let rows = try SortedRows(logits: batch.logits, labels: batch.labels)
        let inputs = heads.parameters.named.map(\.value)
        let predicted = heads.predict(hidden: hidden, logits: rows)
        let rewards = Self.rewards(of: rows, predicted.temperature, predicted.topP)

        for objective in Objective.allCases {
            let check = GradientCheck(inputs: inputs, step: 1e-5) { tape, x in
                func head(_ i: Int) -> HeadParameters<Variable<Double>> {
                    HeadParameters(firstWeight: x[i], firstBias: x[i + 1], secondWeight: x[i + 2], secondBias: x[i + 3])
                }
                let parameters = HeadsParameters(temperature: head(0), topP: head(4))
                var settings = LossSettings()
                settings.objective = objective
                settings.detachesTemperature = detachesTemperature
                // Differences see through a detachment. So the constants are held: T̂ that enters the top-p head comes
                // from the heads as they are, and so do the features.
                let (temperature, topP) = heldPrediction(heads, hidden, rows, parameters, detachesTemperature, tape)
                let kept = easyTokenMask(
                    labelRanks: rows.labelRanks, draws: draws, dropRate: settings.easyTokenDropRate)
                let terms = ObjectiveTerms(
                    logits: rows, temperature: temperature, topP: topP, kept: kept,
                    rewards: objective == .reward ? rewards : nil,
                    counts: TokenCounts(tokens: 9, kept: kept.count { $0 }), settings: settings, tape: tape)
                return terms.total(objective, heads: .both)
            }
            Self.printRow(
                "heads to \(objective.rawValue) loss\(enhancedFeatures ? ", features" : "")"
                    + "\(detachesTemperature ? ", detached" : "")",
                check, bar: 1e-5)
            #expect(check.worstError <= 1e-5, "\(objective): \(check)")
        }
    }

    /// The heads' prediction with what is constant for the gradient held constant for differences too.
    private func heldPrediction(
        _ heads: AutoDecoHeads<Double>, _ hidden: Tensor<Double>, _ rows: SortedRows<Double>,
        _ parameters: HeadsParameters<Variable<Double>>, _ detachesTemperature: Bool, _ tape: Tape<Double>
    ) -> (temperature: Variable<Double>, topP: Variable<Double>) {
        struct Held: TokenLogits {
            let rows: SortedRows<Double>
            let held: Tensor<Double>
            var count: Int { rows.count }
            var labelRanks: [Int] { rows.labelRanks }
            var baseProbabilities: Tensor<Double> { rows.baseProbabilities }
            func features(temperature: Tensor<Double>) -> Tensor<Double> { held }
            func losses(
                temperature: Tensor<Double>, topP: Tensor<Double>, constants: LossConstants
            ) -> TokenLosses<Double> {
                rows.losses(temperature: temperature, topP: topP, constants: constants)
            }
            func lossesAndFeatures(
                temperature: Tensor<Double>, topP: Tensor<Double>, constants: LossConstants
            ) -> (losses: TokenLosses<Double>, features: Tensor<Double>) {
                (losses(temperature: temperature, topP: topP, constants: constants), held)
            }
        }
        let base = heads.predict(hidden: hidden, logits: rows).temperature
        let held = Held(rows: rows, held: rows.features(temperature: base))
        guard detachesTemperature else {
            return heads.predict(
                hidden: hidden, logits: held, parameters: parameters, detachesTemperature: false, tape: tape)
        }
        let temperature = heads.predict(hidden: hidden, logits: held, parameters: parameters, tape: tape).temperature
        // The top-p head beside a temperature that is held at its base value.
        guard let head = parameters.topP else { return (temperature, tape.constant(base)) }
        let inner =
            heads.configuration.enhancedFeatures
            ? tape.linear(
                tape.constant(hidden), tape.constant(base), tape.constant(held.held), weight: head.firstWeight,
                bias: head.firstBias)
            : tape.linear(tape.constant(hidden), tape.constant(base), weight: head.firstWeight, bias: head.firstBias)
        let topP = tape.linear(inner.relu(), weight: head.secondWeight, bias: head.secondBias).sigmoid()
        return (temperature, topP)
    }
}
