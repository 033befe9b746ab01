import AutoDecoHeads
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import Scoring

@Suite struct TokenDiagnosisTests {
    static let one = EntropyQuartiles(bounds: [1, 2, 3])

    /// Tokens whose log probability is a parabola in β around β̄ = 1, of slope g and curvature v.
    private func parabolas(
        _ count: Int = 400, seed: UInt64 = 7, step: (_ g: Double, inout RandomGenerator) -> Double
    ) -> [TokenObservation] {
        var random = RandomGenerator(seed: seed)
        return (0..<count).map { number in
            let g = random.normal(), v = 0.5 + random.uniform(), δ = step(g, &random)
            return TokenObservation(
                trajectory: number % 20, entropy: Double(number % 4) + 0.5, inverseTemperature: 1 + δ,
                logProbabilityAtOne: -2,
                logProbability: -2 + g * δ - v * δ * δ / 2, bestLogProbability: -2 + g * g / (2 * v),
                atMean: InverseTemperatureResponse(inverseTemperature: 1, logProbability: -2, slope: g, variance: v))
        }
    }

    @Test func gainIsAlignmentLessPenaltyWhereLogitsAreGaussian() throws {
        let diagnosis = try TokenDiagnosis(
            of: parabolas { _, random in 0.3 * random.normal() }, mean: 1, quartiles: Self.one)
        for row in [diagnosis.total] + diagnosis.quartiles {
            #expect(abs(row.remainder) < 1e-14)
            #expect(row.tokens == (row == diagnosis.total ? 400 : 100))
            #expect(row.curvaturePenalty > 0.01)
        }
    }

    @Test func remainderFallsWithTheCubeOfTheStep() throws {
        var random = RandomGenerator(seed: 5)
        let count = 200, V = 25
        let logits = Tensor<Double>(shape: [count, V], (0..<count * V).map { _ in 2 * random.normal() })
        let sketches = try LogitSketches(
            logits: logits, labels: (0..<count).map { _ in Int(random.next() % UInt64(V)) })
        let directions = (0..<count).map { _ in random.uniform() }
        func remainder(_ size: Double) throws -> (remainder: Double, penalty: Double) {
            let tokens = sketches.eachRow { row, token in
                TokenObservation(
                    row, trajectory: token % 40, temperature: 1 / (1.2 + size * directions[token]), topP: 1, mean: 1.2)
            }
            let total = try TokenDiagnosis(of: tokens, mean: 1.2, quartiles: Self.one).total
            return (total.remainder, total.curvaturePenalty)
        }
        let large = try remainder(0.02), small = try remainder(0.01)
        #expect(abs(large.remainder) > 1e-9 && abs(small.remainder) < 0.05 * small.penalty)
        #expect(abs(large.remainder / small.remainder - 8) < 0.5 && abs(large.penalty / small.penalty - 4) < 0.01)
    }

    @Test func stepsAlongTheSlopeHaveEfficiencyOneAndAgainstItMinusOne() throws {
        let along = try TokenDiagnosis(of: parabolas { g, _ in 0.2 * g }, mean: 1, quartiles: Self.one)
        #expect(abs((along.total.efficiency ?? 0) - 1) < 1e-12 && along.total.signAgreement == 1)
        #expect(
            along.finding == .tokenLevelControl && along.words.hasPrefix("Token-level control, and no better mean:"))
        let against = try TokenDiagnosis(of: parabolas { g, _ in -0.2 * g }, mean: 1, quartiles: Self.one)
        #expect(abs((against.total.efficiency ?? 0) + 1) < 1e-12 && against.total.signAgreement == 0)
        #expect(
            against.finding == .neither && against.words.contains("a loss")
                && against.words.contains("against what labels want"))
    }

    @Test func aMeanThatCostsMoreThanTokensGainIsNamed() throws {
        let tokens = parabolas { g, _ in 0.2 * g }.map { token in
            var token = token
            token.logProbabilityAtOne += 1
            return token
        }
        let diagnosis = try TokenDiagnosis(of: tokens, mean: 1, quartiles: Self.one), total = diagnosis.total
        #expect(diagnosis.finding == .tokenLevelControl && total.gainOverOne.isBelowZero)
        #expect(abs(total.gainOverOne.mean - total.gain.mean - total.meanGain.mean) < 1e-14)
        #expect(diagnosis.words.hasPrefix("Token-level control, on a mean that costs more than it gives:"))
    }

    @Test func stepsTooLargeForWhatTheyKnowAreNamed() throws {
        let diagnosis = try TokenDiagnosis(
            of: parabolas(4000) { g, random in g + 3 * random.normal() }, mean: 1, quartiles: Self.one)
        #expect(diagnosis.total.alignment.isAboveZero && diagnosis.total.gain.isBelowZero)
        #expect(diagnosis.words.contains("too large for what they know"))
    }

    /// Steps so small that the penalty does not betray them: 2.5 of 100 are expected above zero and 2.5 below.
    @Test func smallStepsOfChanceAreSeldomTakenForControl() throws {
        var above = 0, shown = 0
        for seed in 0..<100 {
            let tokens = parabolas(800, seed: UInt64(seed)) { _, random in 1e-3 * random.normal() }
            let diagnosis = try TokenDiagnosis(
                of: tokens, mean: 1, quartiles: Self.one, bootstrap: Bootstrap(resamples: 400))
            above += diagnosis.finding == .neither ? 0 : 1
            shown += diagnosis.total.gain.isAboveZero || diagnosis.total.gain.isBelowZero ? 1 : 0
        }
        #expect(above <= 9 && shown <= 14)
        let planted = try TokenDiagnosis(
            of: parabolas(800) { g, random in 1e-3 * (0.3 * g + random.normal()) }, mean: 1, quartiles: Self.one)
        #expect(planted.finding == .tokenLevelControl)
    }

    @Test func orderOfTokensDoesNotMatterBeyondRounding() throws {
        let tokens = parabolas { g, random in 0.1 * g + 0.2 * random.normal() }
        let forward = try TokenDiagnosis(of: tokens, mean: 1, quartiles: Self.one).total
        let backward = try TokenDiagnosis(of: tokens.reversed(), mean: 1, quartiles: Self.one).total
        #expect(
            abs(forward.gain.mean - backward.gain.mean) < 1e-14 && abs(forward.oracleGain - backward.oracleGain) < 1e-14
        )
    }

    @Test func anIntervalIsWiderWhereTokensOfATrajectoryAgree() throws {
        var random = RandomGenerator(seed: 9)
        let slopes = (0..<20).map { _ in random.normal() }
        func width(_ trajectory: (Int) -> Int) throws -> Double {
            let tokens = (0..<400).map { number in
                let g = slopes[number % 20]
                return TokenObservation(
                    trajectory: trajectory(number), entropy: 1, inverseTemperature: 1.1, logProbabilityAtOne: -2,
                    logProbability: -2 + 0.1 * g,
                    bestLogProbability: -1,
                    atMean: InverseTemperatureResponse(inverseTemperature: 1, logProbability: -2, slope: g, variance: 0)
                )
            }
            let gain = try TokenDiagnosis(of: tokens, mean: 1, quartiles: Self.one).total.gain
            return gain.upper - gain.lower
        }
        #expect(try width { $0 % 20 } > 2 * width { $0 })
    }

    @Test func aTokenOnABoundBelongsBelowIt() {
        #expect([0, 1, 1.5, 2, 2.5, 3, 9].map(Self.one.index) == [0, 0, 1, 1, 2, 2, 3])
    }

    @Test func quartilesOfALongStreamComeFromABoundedSample() {
        // A stream that rises, so that a sample of any part of it would show.
        var all = EntropySample(capacity: 1 << 12), few = EntropySample(capacity: 64)
        for number in 0..<4000 {
            all.add(Double(number) / 4000)
            few.add(Double(number) / 4000)
        }
        for (bound, expected) in zip(all.quartiles.bounds, [0.25, 0.5, 0.75]) { #expect(abs(bound - expected) < 1e-3) }
        for (bound, expected) in zip(few.quartiles.bounds, [0.25, 0.5, 0.75]) { #expect(abs(bound - expected) < 0.04) }
    }

    @Test func theTableHasAColumnForAllTokensTheUncertainOnesAndEachQuartile() throws {
        let lines = try TokenDiagnosis(of: parabolas { g, _ in 0.1 * g }, mean: 1, quartiles: Self.one).table.split(
            separator: "\n")
        #expect(lines.count == 19 && lines.allSatisfy { $0.count == 78 })
        #expect(lines[1].split(separator: " ") == ["tokens", "400", "400", "100", "100", "100", "100"])
    }
}
