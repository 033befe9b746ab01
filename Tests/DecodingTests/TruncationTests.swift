import Foundation
import Tensor
import Testing

@testable import Decoding

/// What is drawn, against the sorted reference: at N evenly spaced uniforms a token of probability p is drawn p·N
/// times, give or take one at each end of its interval.
struct TruncationTests {
    static let truncations: [Truncation] =
        [0, 1e-9, 0.05, 0.37, 0.9, 0.98, 0.99999].flatMap { p in NucleusFilter.allCases.map { Truncation.topP(p, $0) } }
        + [
            .topP(1), .topP(1.5, .soft), .none, .topK(1), .topK(3), .topK(300), .topK(1_000_000), .minP(0), .minP(1e-5),
            .minP(0.3), .minP(1),
        ]

    /// Which of the sampler's two ways draws.
    enum Way: CaseIterable { case any, bins }

    static func draw(
        _ sampler: RowSampler, _ truncation: Truncation, _ way: Way, _ uniform: Double
    ) -> DrawnToken {
        guard way == .bins, let cut = RankCut(truncation, sums: sampler.sums, vocabularySize: sampler.vocabularySize)
        else {
            return sampler.draw(truncation, uniform: uniform)
        }
        return sampler.drawFromBins(cut, uniform)
    }

    @Test(arguments: Row.allCases, Way.allCases)
    func everyTruncationKeepsWhatTheDefinitionKeeps(_ kind: Row, _ way: Way) throws {
        var random = RandomGenerator(seed: 21)
        var held = 0
        for V in [1, 2, 5, 50, 64, 65, 700, 3_000] {
            let row = kind.logits(V, &random)
            for temperature in [1e-3, 0.2, 1, 1.9] {
                try withSampler(row, temperature: temperature) { sampler in
                    for truncation in Self.truncations {
                        let reference = Reference(row, temperature: temperature, truncation: truncation)
                        if reference.isAmbiguous { continue }
                        let N = V > 100 ? 50 : 300
                        var counts = [Int](repeating: 0, count: V), size = 0
                        for j in 0..<N {
                            let drawn = Self.draw(sampler, truncation, way, (Double(j) + 0.5) / Double(N))
                            counts[drawn.token] += 1
                            size = drawn.nucleusSize
                        }
                        let place = "\(kind), V = \(V), T = \(temperature), \(truncation)"
                        #expect(size == reference.size, "\(place)")
                        let worst =
                            row.indices.max { a, b in
                                abs(Double(counts[a]) / Double(N) - reference.probabilities[a])
                                    < abs(Double(counts[b]) / Double(N) - reference.probabilities[b])
                            } ?? 0
                        #expect(
                            abs(Double(counts[worst]) / Double(N) - reference.probabilities[worst]) <= 1.0 / Double(N)
                                + 2e-6, "\(place), token \(worst)")
                        #expect(
                            row.indices.allSatisfy { counts[$0] == 0 || reference.probabilities[$0] > 0 }, "\(place)")
                        held += 1
                    }
                }
            }
        }
        #expect(held > 300)
    }

    /// The inverse of the cumulative distribution, held at the ends of every token's interval to 1e-6 of mass.
    @Test(arguments: [Row.peaked, .bulk, .flat, .tied, .shelf, .withImpossible, .farOutlier], NucleusFilter.allCases)
    func cumulativeDistributionIsExact(_ kind: Row, _ filter: NucleusFilter) throws {
        var random = RandomGenerator(seed: 22)
        let row = kind.logits(20_000, &random)
        for temperature in [0.5, 1, 1.6] {
            try withSampler(row, temperature: temperature) { sampler in
                for P in [0.2, 0.6, 0.95, 0.99] {
                    let truncation = Truncation.topP(P, filter)
                    let reference = Reference(row, temperature: temperature, truncation: truncation)
                    for way in Way.allCases {
                        var c = 0.0
                        for (rank, token) in reference.order.enumerated() {
                            let p = reference.probabilities[token]
                            // Intervals that are wide enough to stand clear of both ends.
                            if p > 6e-6, rank < 20 || rank % 37 == 0, !(reference.isAmbiguous && filter != .soft) {
                                let low = Self.draw(sampler, truncation, way, c + 2e-6).token
                                let high = Self.draw(sampler, truncation, way, c + p - 2e-6).token
                                #expect(
                                    low == token && high == token,
                                    "\(kind), T = \(temperature), P = \(P), rank \(rank), \(way)")
                            }
                            c += p
                        }
                    }
                }
            }
        }
    }

    @Test func hardKeepsTheSmallestSetThatReachesP() throws {
        // p = 1/12, 8/12, 2/12, 1/12.
        let row: [Float] = [0, 3, 1, 0].map { $0 * 0.693_147_2 }
        #expect(try size(row, .topP(0.01, .hard)) == 1)
        #expect(try size(row, .topP(0.66, .hard)) == 1)
        #expect(try size(row, .topP(0.67, .hard)) == 2)
        #expect(try size(row, .topP(0.84, .hard)) == 3)
        #expect(try size(row, .topP(0.92, .hard)) == 4)
        // Equal rows are exact: 3 of 4 reach ¾, and no fewer.
        #expect(try size([0, 0, 0, 0], .topP(0.75, .hard)) == 3)
        #expect(try size([0, 0, 0, 0], .topP(0.7501, .hard)) == 4)
    }

    @Test func inclusiveKeepsWhatIsBelowPAndAlwaysTheFirst() throws {
        #expect(try size([0, 0, 0, 0], .topP(0.75, .inclusive)) == 3)
        #expect(try size([0, 0, 0, 0], .topP(0.7499, .inclusive)) == 2)
        #expect(try size([0, 0, 0, 0], .topP(0.2, .inclusive)) == 1)
        #expect(try size([0, 9, 0, 0], .topP(0, .inclusive)) == 1)
    }

    @Test func tiesGoToTheLowerIds() throws {
        try withSampler([Float](repeating: 2, count: 1_000), temperature: 1) { sampler in
            for way in Way.allCases {
                let tokens = Set((0..<100).map { Self.draw(sampler, .topP(0.01, .hard), way, Double($0) / 100).token })
                #expect(tokens == Set(0..<10))
                #expect(Self.draw(sampler, .topK(5), way, 0.999).token == 4)
            }
        }
        // −0 and 0 are equal logits.
        try withSampler([-0.0, 0.0, -0.0, 0.0], temperature: 1) { sampler in
            #expect(sampler.draw(.topK(2), uniform: 0.99).token == 1)
        }
    }

    @Test func temperaturesNearTheEndsOfTheRangeDraw() throws {
        let row: [Float] = [1, 3, 3, -.infinity, 2]
        for temperature in [Double.leastNonzeroMagnitude, 1e-300, 1e-40, 1e-8] {
            try withSampler(row, temperature: temperature) { sampler in
                #expect(Set((0..<64).map { sampler.draw(.none, uniform: Double($0) / 64).token }) == [1, 2])
                #expect(sampler.draw(.topP(0.9, .soft), uniform: 0).token == 1)
            }
        }
        try withSampler(row, temperature: 1e20) { sampler in
            #expect(Set((0..<64).map { sampler.draw(.none, uniform: Double($0) / 64).token }) == [0, 1, 2, 4])
        }
    }

    private func size(_ row: [Float], _ truncation: Truncation) throws -> Int {
        try withSampler(row, temperature: 1) { $0.draw(truncation, uniform: 0.5).nucleusSize }
    }
}
