import Foundation
import Tensor
import Testing

@testable import Decoding

struct PolicyTests {
    static let policies: [any DecodingPolicy] = [
        GreedyPolicy(), try! SamplingPolicy(temperature: 0.9, topP: 0.95),
        try! SamplingPolicy(temperature: 1.2, topP: 0.8, filter: .soft),
        try! SamplingPolicy(temperature: .fixed(1), truncation: .topK(40)),
        try! SamplingPolicy(temperature: .entropy(EntropyTemperature(minimum: 0, maximum: 2)), truncation: .minP(0.05)),
    ]

    static func batch(_ V: Int, rows: Int) -> Tensor<Float> {
        var random = RandomGenerator(seed: 31)
        let kinds = Row.allCases
        return Tensor(shape: [rows, V], (0..<rows).flatMap { kinds[$0 % kinds.count].logits(V, &random) })
    }

    static func hidden(_ rows: Int) -> Tensor<Float> { Tensor(shape: [rows, 1]) }

    @Test(arguments: policies.indices)
    func sameSeedSameTokens(_ index: Int) throws {
        let logits = Self.batch(1_000, rows: 12)
        func run() throws -> [Decision] {
            var random = (0..<12).map { RandomGenerator(seed: 5, stream: $0) }
            return try (0..<5).flatMap { _ in
                try Self.policies[index].choose(hidden: Self.hidden(12), logits: logits, random: &random)
            }
        }
        #expect(try run() == run())
        #expect(try Parallel.$threads.withValue(1) { try run() } == run())
    }

    @Test(arguments: policies.indices)
    func aRowDoesNotDependOnItsNeighbours(_ index: Int) throws {
        let rows = 10, V = 1_000, logits = Self.batch(V, rows: rows)
        var random = (0..<rows).map { RandomGenerator(seed: 6, stream: UInt64($0)) }
        let together = try Self.policies[index].choose(hidden: Self.hidden(rows), logits: logits, random: &random)
        for row in 0..<rows {
            let alone = Tensor<Float>(shape: [1, V], logits.elements[row * V..<(row + 1) * V])
            var generator = [RandomGenerator(seed: 6, stream: UInt64(row))]
            #expect(
                try Self.policies[index].choose(hidden: Self.hidden(1), logits: alone, random: &generator) == [
                    together[row]
                ])
            #expect(generator == [random[row]])
        }
    }

    @Test func oneUniformIsTakenForATokenAndNoneForGreedy() throws {
        let logits = Self.batch(500, rows: 10), start = (0..<10).map { RandomGenerator(seed: 7, stream: UInt64($0)) }
        var once = start
        for i in once.indices { _ = once[i].uniform() }
        var random = start
        _ = try SamplingPolicy(temperature: 1, topP: 0.5).choose(
            hidden: Self.hidden(10), logits: logits, random: &random)
        #expect(random == once)
        random = start
        _ = try GreedyPolicy().choose(hidden: Self.hidden(10), logits: logits, random: &random)
        #expect(random == start)
        _ = try SamplingPolicy(temperature: 0, topP: 0.5).choose(
            hidden: Self.hidden(10), logits: logits, random: &random)
        #expect(random == start)
    }

    @Test func greedyTakesTheFirstOfTheLargest() throws {
        let logits = Tensor<Float>(shape: [3, 4], [1, 5, 5, 0, -.infinity, -1e30, -2, -3, 7, -1, 0, 0])
        var random = (0..<3).map { RandomGenerator(seed: 1, stream: $0) }
        for policy in [GreedyPolicy() as any DecodingPolicy, try SamplingPolicy(temperature: 0)] {
            let decisions = try policy.choose(hidden: Self.hidden(3), logits: logits, random: &random)
            #expect(decisions.map(\.token) == [1, 2, 0])
            #expect(decisions.allSatisfy { $0.temperature == 0 && $0.topP == 0 && $0.nucleusSize == 1 })
            #expect(abs(decisions[1].probability - 1 / (1 + exp(-1))) < 1e-6)
        }
    }

    @Test(arguments: [0.3, 1, 1.7])
    func aDecisionReportsTheDistributionBeforeTheFilter(_ temperature: Double) throws {
        let rows = Row.allCases.count, logits = Self.batch(2_000, rows: rows)
        for truncation in [
            Truncation.topP(0.9, .hard), .topP(0.9, .soft), .topP(0.9, .inclusive), .topK(9), .minP(0.1), .none,
        ] {
            var random = (0..<rows).map { RandomGenerator(seed: 8, stream: UInt64($0)) }
            let policy = try SamplingPolicy(temperature: .fixed(temperature), truncation: truncation)
            for (row, decision) in try policy.choose(hidden: Self.hidden(rows), logits: logits, random: &random)
                .enumerated()
            {
                let reference = Reference(
                    Array(logits.elements[row * 2_000..<(row + 1) * 2_000]), temperature: temperature,
                    truncation: truncation)
                #expect(
                    abs(decision.probability - reference.base[decision.token]) < 2e-6 * reference.base[decision.token]
                        + 1e-12)
                #expect(abs(decision.entropy - reference.entropy) < 2e-6 * (1 + reference.entropy))
                #expect(decision.temperature == temperature && decision.topP == truncation.topP)
                #expect(
                    reference.isAmbiguous || decision.nucleusSize == reference.size,
                    "\(Row.allCases[row]) \(truncation)")
            }
        }
    }

    @Test func entropyTemperatureIsLlamaCppsFormula() throws {
        let rule = EntropyTemperature(minimum: 0.5, maximum: 1.5, exponent: 2)
        // Half of the tokens of a row of 16 equally likely: H = log 8 = ¾·log 16.
        #expect(abs(rule.temperature(entropy: log(8), vocabularySize: 16) - (0.5 + 0.5625)) < 1e-12)
        #expect(rule.temperature(entropy: 0, vocabularySize: 16) == 0.5)
        #expect(rule.temperature(entropy: log(16), vocabularySize: 16) == 1.5)
        #expect(rule.temperature(entropy: 0, vocabularySize: 1) == 1)
        var random = [RandomGenerator(seed: 1)]
        let row: [Float] = (0..<16).map { $0 < 8 ? 2 : -.infinity }
        let decision = try SamplingPolicy(temperature: .entropy(rule)).choose(
            hidden: Self.hidden(1), logits: Tensor(shape: [1, 16], row), random: &random)[0]
        #expect(abs(decision.temperature - 1.0625) < 1e-6)
    }

    @Test(arguments: policies.indices)
    func rowsWithoutADistributionAreErrorsThatNameRowAndToken(_ index: Int) throws {
        let good = [Float](repeating: 1, count: 100)
        func error(_ row: [Float]) -> PolicyError? {
            var random = (0..<2).map { RandomGenerator(seed: 1, stream: $0) }
            return #expect(throws: PolicyError.self) {
                _ = try Self.policies[index].choose(
                    hidden: Self.hidden(2), logits: Tensor<Float>(shape: [2, 100], good + row), random: &random)
            }
        }
        for bad in [Float.nan, .infinity] {
            for token in [0, 63, 64, 99] {
                var row = good
                row[token] = bad
                guard case .logitNotFinite(1, token, _) = error(row) else {
                    Issue.record("\(bad) at \(token)")
                    continue
                }
            }
        }
        #expect(error(.init(repeating: -.infinity, count: 100)) == .nothingPossible(row: 1, vocabularySize: 100))
        #expect(error(.init(repeating: -1e30, count: 100)) == .nothingPossible(row: 1, vocabularySize: 100))
        #expect(
            PolicyError.logitNotFinite(row: 1, token: 64, logit: .nan).description
                == "row 1: the logit of token 64 is nan, expected a finite number or −∞")
    }

    @Test func settingsWithoutMeaningAreErrors() {
        for temperature in [-0.1, .nan, .infinity] {
            #expect(throws: PolicyError.self) { try SamplingPolicy(temperature: temperature) }
            #expect(throws: PolicyError.self) {
                try SamplingPolicy(temperature: .entropy(EntropyTemperature(minimum: 0, maximum: temperature)))
            }
        }
        for truncation in [Truncation.topP(-0.1), .topP(.nan), .topK(0), .minP(1.1), .minP(.nan), .minP(-1)] {
            #expect(throws: PolicyError.self) { try SamplingPolicy(temperature: .fixed(1), truncation: truncation) }
        }
    }

    @Test func noRowsAreNoDecisions() throws {
        var random: [RandomGenerator] = []
        #expect(
            try GreedyPolicy().choose(hidden: Self.hidden(0), logits: Tensor(shape: [0, 10]), random: &random).isEmpty)
    }
}
