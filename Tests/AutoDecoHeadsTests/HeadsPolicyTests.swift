import Decoding
import Foundation
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

@Suite struct HeadsPolicyTests {
    static func heads(
        _ D: Int, _ selection: HeadSelection = .both, features: Bool = true, seed: UInt64 = 1
    ) -> AutoDecoHeads<Float> {
        var random = RandomGenerator(seed: seed)
        return AutoDecoHeads(
            configuration: HeadsConfiguration(hiddenSize: D, heads: selection, enhancedFeatures: features),
            random: &random)
    }

    /// One row of each kind, and hidden states large enough to spread the predictions.
    static func batch(_ V: Int, _ D: Int, seed: UInt64) -> (hidden: Tensor<Float>, logits: Tensor<Float>) {
        var random = RandomGenerator(seed: seed)
        let kinds = RandomRows.Kind.allCases
        var logits = kinds.flatMap { kind in RandomRows.row(kind, V, &random).map { Float($0) } }
        // Impossible tokens count only in V.
        for i in stride(from: 1, to: V, by: 7) { logits[i] = -.infinity }
        return (
            Tensor(shape: [kinds.count, D], (0..<kinds.count * D).map { _ in Float(4 * random.normal()) }),
            Tensor(shape: [kinds.count, V], logits)
        )
    }

    @Test(arguments: HeadSelection.allCases, [true, false])
    func predictionsAreThoseOverSortedRows(_ selection: HeadSelection, _ features: Bool) throws {
        var worst = Worst()
        for V in [1, 3, 5, 64, 1_000, 20_011] {
            let (hidden, logits) = Self.batch(V, 24, seed: UInt64(V))
            let heads = Self.heads(24, selection, features: features)
            let sorted = try SortedRows(logits: logits, labels: (0..<logits.rows).map { _ in 0 })
            let expected = heads.predict(hidden: hidden, logits: sorted)
            let (temperature, topP, summaries) = try HeadsPolicy(heads: heads).predict(hidden: hidden, logits: logits)
            #expect(summaries.count == (features && selection.hasTopP ? logits.rows : 0))
            for row in 0..<logits.rows {
                worst.note(Double(temperature[row]), Double(expected.temperature[row]), "T̂ of row \(row), V = \(V)")
                worst.note(Double(topP[row]), Double(expected.topP[row]), "P̂ of row \(row), V = \(V)")
                if !selection.hasTemperature { #expect(temperature[row] == 1) }
                if !selection.hasTopP { #expect(topP[row] == 1) }
            }
        }
        #expect(worst.error < 1e-5, "\(worst.place)")
    }

    /// The features themselves to 1e-5: a head's weights could hide a difference.
    @Test func featuresAreThoseOfSortedRows() throws {
        var worst = Worst()
        for V in [1, 3, 5, 64, 1_000, 20_011] {
            let (hidden, logits) = Self.batch(V, 4, seed: UInt64(V) + 1)
            // A head that adds up the features one at a time, scaled so that the sigmoid does not saturate.
            for feature in 0..<4 {
                var heads = Self.heads(4, .topP)
                var topP = try #require(heads.parameters.topP)
                for index in 0..<topP.firstWeight.count { topP.firstWeight[index] = 0 }
                topP.firstWeight[0, 5 + feature] = 1
                for index in 0..<256 { (topP.firstBias[index], topP.secondWeight[index]) = (0, index == 0 ? 0.1 : 0) }
                topP.secondBias[0] = 0
                heads.parameters.topP = topP
                let sorted = try SortedRows(logits: logits, labels: (0..<logits.rows).map { _ in 0 })
                let ones = Tensor<Float>(shape: [logits.rows, 1], repeating: 1)
                let expected = sorted.features(temperature: ones)
                let predicted = try HeadsPolicy(heads: heads).predict(hidden: hidden, logits: logits).topP
                for row in 0..<logits.rows {
                    let p = Double(predicted[row])
                    worst.note(
                        10 * log(p / (1 - p)), Double(expected[row, feature]),
                        "feature \(feature) of row \(row), V = \(V)")
                }
            }
        }
        #expect(worst.error < 1e-5, "\(worst.place)")
    }

    @Test(arguments: NucleusFilter.allCases, [50, 3_000])
    func drawsTheFilteredDistributionAtThePredictedKnobs(_ filter: NucleusFilter, _ V: Int) throws {
        var random = RandomGenerator(seed: 41), tried = 0
        for trial in 0..<2 {
            let row = (0..<V).map { _ in Float(1.5 * random.normal()) },
                hidden = (0..<8).map { _ in Float(3 * random.normal()) }
            let policy = HeadsPolicy(heads: Self.heads(8, seed: UInt64(trial)), filter: filter)
            let copies = 64, draws = 100
            let states = Tensor<Float>(shape: [copies, 8], Array(repeatElement(hidden, count: copies).joined()))
            let logits = Tensor<Float>(shape: [copies, V], Array(repeatElement(row, count: copies).joined()))
            var generators = (0..<copies).map { RandomGenerator(seed: 9, stream: UInt64($0)) }
            var counts = [Int](repeating: 0, count: V), last: Decision?
            for _ in 0..<draws {
                for decision in try policy.choose(hidden: states, logits: logits, random: &generators) {
                    counts[decision.token] += 1
                    last = decision
                }
            }
            let knobs = try #require(last),
                probabilities = Self.distribution(row, knobs.temperature, knobs.topP, filter)
            #expect(Self.score(counts, probabilities) < 4.5, "V = \(V), T̂ = \(knobs.temperature), P̂ = \(knobs.topP)")
            // Another temperature is told apart.
            #expect(Self.score(counts, Self.distribution(row, knobs.temperature * 1.3, knobs.topP, filter)) > 4.5)
            tried += 1
        }
        #expect(tried == 2)
    }

    @Test func aRowsDecisionDoesNotDependOnItsNeighbours() throws {
        let (hidden, logits) = Self.batch(700, 40, seed: 5)
        let copies = 5, rows = copies * logits.rows
        let policy = HeadsPolicy(heads: Self.heads(40))
        var generators = (0..<rows).map { RandomGenerator(seed: 3, stream: UInt64($0)) }
        let together = try policy.choose(
            hidden: Tensor(shape: [rows, 40], Array(repeatElement(hidden.elements, count: copies).joined())),
            logits: Tensor(shape: [rows, 700], Array(repeatElement(logits.elements, count: copies).joined())),
            random: &generators)
        for row in 0..<rows {
            let r = row % logits.rows
            var generator = [RandomGenerator(seed: 3, stream: UInt64(row))]
            let alone = try policy.choose(
                hidden: Tensor<Float>(shape: [1, 40], hidden.elements[40 * r..<40 * (r + 1)]),
                logits: Tensor<Float>(shape: [1, 700], logits.elements[700 * r..<700 * (r + 1)]), random: &generator)
            #expect(alone == [together[row]])
            #expect(generator[0] == generators[row])
        }
    }

    @Test func badRowsAreErrorsThatNameThem() throws {
        let policy = HeadsPolicy(heads: Self.heads(2))
        func error(_ hidden: [Float], _ logits: [Float]) -> PolicyError? {
            var random = (0..<2).map { RandomGenerator(seed: 1, stream: $0) }
            return #expect(throws: PolicyError.self) {
                _ = try policy.choose(
                    hidden: Tensor(shape: [2, 2], hidden), logits: Tensor(shape: [2, 3], logits), random: &random)
            }
        }
        #expect(
            error([0, 0, 0, 0], [1, 2, 3, 1, .infinity, 2]) == .logitNotFinite(row: 1, token: 1, logit: .infinity))
        guard case .logitNotFinite(0, 2, _) = error([0, 0, 0, 0], [1, 2, .nan, 1, 1, 2]) else {
            Issue.record("no error for NaN")
            return
        }
        guard case .knobNotFinite(1, "predicted temperature", _) = error([0, 0, .nan, 0], [1, 2, 3, 1, 1, 2]) else {
            Issue.record("no error for a temperature that is not a number")
            return
        }
    }

    /// The filter's definition, sorted, in Double.
    static func distribution(_ row: [Float], _ T: Double, _ P: Double, _ filter: NucleusFilter) -> [Double] {
        let order = row.indices.sorted { row[$0] > row[$1] || (row[$0] == row[$1] && $0 < $1) }
        let e = order.map { exp((Double(row[$0]) - Double(row[order[0]])) / T) }, Z = e.reduce(0, +)
        var c = 0.0, weights: [Double] = [], before = 0.0
        for (rank, e) in e.enumerated() {
            before = c
            c += e / Z
            switch filter {
            case .hard: weights.append(before < P ? e : 0)
            case .inclusive: weights.append(rank == 0 || c <= P ? e : 0)
            case .soft: weights.append(e * exp(-30 * max(c - P, 0)))
            }
        }
        var result = [Double](repeating: 0, count: row.count)
        let total = weights.reduce(0, +)
        for (token, weight) in zip(order, weights) { result[token] = weight / total }
        return result
    }

    /// Normal score of the chi-square statistic (Wilson and Hilferty), groups of at least 20 expected draws; what is
    /// left over is one token's worth and left out. Infinite where an impossible token was drawn.
    static func score(_ counts: [Int], _ probabilities: [Double]) -> Double {
        let draws = Double(counts.reduce(0, +))
        var statistic = 0.0, groups = 0.0, expected = 0.0, observed = 0.0
        for token in counts.indices.sorted(by: { probabilities[$0] > probabilities[$1] }) {
            if probabilities[token] == 0, counts[token] > 0 { return .infinity }
            expected += draws * probabilities[token]
            observed += Double(counts[token])
            if expected >= 20 {
                statistic += (observed - expected) * (observed - expected) / expected
                (groups, expected, observed) = (groups + 1, 0, 0)
            }
        }
        let spread = 2 / (9 * groups)
        return (pow(statistic / groups, 1.0 / 3) - (1 - spread)) / spread.squareRoot()
    }
}

/// One head at work, the other's knob at 1.
@Suite struct OneHeadTests {
    private static func decisions(
        _ policy: some DecodingPolicy, _ batch: (hidden: Tensor<Float>, logits: Tensor<Float>)
    ) throws -> [Decision] {
        var random = (0..<batch.logits.rows).map { RandomGenerator(seed: 5, stream: UInt64($0)) }
        return try policy.choose(hidden: batch.hidden, logits: batch.logits, random: &random)
    }

    @Test(arguments: NucleusFilter.allCases)
    func theOtherKnobIsOneAndOwnPredictionsStay(_ filter: NucleusFilter) throws {
        let batch = HeadsPolicyTests.batch(1_000, 24, seed: 7), heads = HeadsPolicyTests.heads(24)
        let both = try Self.decisions(HeadsPolicy(heads: heads, filter: filter), batch)
        let temperature = try Self.decisions(HeadsPolicy(heads: heads, filter: filter, applying: .temperature), batch)
        let topP = try Self.decisions(HeadsPolicy(heads: heads, filter: filter, applying: .topP), batch)
        #expect(temperature.map(\.temperature) == both.map(\.temperature) && temperature.allSatisfy { $0.topP == 1 })
        #expect(topP.map(\.topP) == both.map(\.topP) && topP.allSatisfy { $0.temperature == 1 })
        #expect(both.contains { $0.temperature != 1 } && both.contains { $0.topP != 1 })
    }

    @Test func tokensOfTheTopPHeadAloneAreThoseOfStaticDecodingAtItsPrediction() throws {
        let batch = HeadsPolicyTests.batch(1_000, 24, seed: 8)
        let alone = try Self.decisions(HeadsPolicy(heads: HeadsPolicyTests.heads(24), applying: .topP), batch)
        for row in 0..<batch.logits.rows {
            var random = [RandomGenerator(seed: 5, stream: UInt64(row))]
            let logits = Tensor<Float>(
                shape: [1, 1_000], Array(batch.logits.elements[row * 1_000..<(row + 1) * 1_000]))
            let one = try SamplingPolicy(temperature: 1, topP: alone[row].topP).choose(
                hidden: Tensor(shape: [1, 24]), logits: logits, random: &random)
            #expect(one[0] == alone[row])
        }
    }
}
