import Foundation
import Tensor

@testable import Decoding

/// The distribution that a truncation leaves, straight from its definition: sorted, in Double.
struct Reference {
    /// Token ids in descending order of logits, impossible ones left out.
    var order: [Int] = []
    /// softmax(l/T) by token id, and the same after the truncation.
    var base: [Double]
    var probabilities: [Double]
    /// How many tokens are kept; for the soft filter what the hard one keeps.
    var size = 0
    /// Whether a cumulative probability is so near to P that rounding decides.
    var isAmbiguous = false

    init(_ row: [Float], temperature: Double, truncation: Truncation) {
        let l = row.map(Double.init)
        order = l.indices.filter { l[$0] > -1e30 }.sorted { l[$0] > l[$1] || (l[$0] == l[$1] && $0 < $1) }
        base = Array(repeating: 0, count: l.count)
        probabilities = base
        let largest = l[order[0]]
        let e = order.map {
            (l[$0] - largest) / temperature * 1.442695040888963 < -126 ? 0 : exp((l[$0] - largest) / temperature)
        }
        let Z = e.reduce(0, +), p = e.map { $0 / Z }
        let possible = p.count { $0 > 0 }
        var c: [Double] = [], sum = 0.0
        for p in p {
            sum += p
            c.append(sum)
        }
        func near(_ P: Double) -> Bool { c.dropLast().contains { abs($0 - P) < 2e-6 } }

        var weights = p
        switch truncation {
        case .none: size = possible
        case .topK(let k): size = min(k, possible)
        case .minP(let share):
            size = e.prefix { $0 > 0 && $0 >= share }.count
            isAmbiguous = e.contains { abs($0 / share - 1) < 1e-5 }
        case .topP(let P, _) where P >= 1: size = possible
        case .topP(let P, .hard):
            size = min((c.firstIndex { $0 >= P } ?? c.count - 1) + 1, possible)
            isAmbiguous = near(P)
        case .topP(let P, .inclusive):
            size = max(1, c.firstIndex { $0 > P } ?? possible)
            isAmbiguous = near(P)
        case .topP(let P, .soft):
            size = min((c.firstIndex { $0 >= P } ?? c.count - 1) + 1, possible)
            isAmbiguous = near(P)
            weights = zip(p, c).map { $0 * exp(-30 * max($1 - P, 0)) }
        }
        if case .topP(let P, .soft) = truncation, P < 1 {
        } else {
            for rank in weights.indices where rank >= size { weights[rank] = 0 }
        }
        let total = weights.reduce(0, +)
        for (rank, token) in order.enumerated() {
            base[token] = p[rank]
            probabilities[token] = weights[rank] / total
        }
    }

    var entropy: Double { -base.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) } }
}

/// Seeded rows of the shapes that models give, and of some that they do not.
enum Row: String, CaseIterable {
    case peaked, bulk, flat, equal, tied, shelf, descending, withImpossible, onePossible, farOutlier

    func logits(_ V: Int, _ random: inout RandomGenerator) -> [Float] {
        func bulk(_ raised: Int, _ height: Double) -> [Float] {
            var l = (0..<V).map { _ in Float(2.5 * random.normal()) }
            for _ in 0..<raised { l[Int(random.next() % UInt64(V))] += Float(random.uniform(in: height / 2..<height)) }
            return l
        }
        switch self {
        case .peaked: return bulk(5, 40)
        case .bulk: return bulk(3, 12)
        case .flat: return (0..<V).map { _ in Float(0.01 * random.normal()) }
        case .equal: return Array(repeating: -3.5, count: V)
        case .tied: return bulk(3, 12).map { ($0 * 2).rounded() / 2 }
        case .shelf:
            var l = bulk(1, 2)
            for i in 0..<min(V, 400) { l[i * max(1, V / 400) % V] = 25 + Float(random.normal()) }
            return l
        case .descending: return bulk(20, 20).sorted(by: >)
        case .withImpossible:
            var l = bulk(3, 10)
            for i in stride(from: 0, to: V - 1, by: 2) { l[i] = i % 4 == 0 ? -.infinity : -3.4e38 }
            return l
        case .onePossible:
            var l = [Float](repeating: -.infinity, count: V)
            l[Int(random.next() % UInt64(V))] = -7
            return l
        case .farOutlier:
            var l = (0..<V).map { _ in Float(0.01 * random.normal()) }
            l[V / 2] = -60
            return l
        }
    }
}

/// How far observed counts are from expected probabilities: the normal score of the chi-square statistic (Wilson and
/// Hilferty's approximation), tokens in the order of their probability grouped until 20 are expected.
///
/// Below 4.5 in all but 3 of a million draws; infinite where an impossible token was drawn, or too few tokens to tell.
func chiSquareScore(_ counts: [Int], _ probabilities: [Double]) -> Double {
    let draws = Double(counts.reduce(0, +))
    var statistic = 0.0, groups = 0.0, expected = 0.0, observed = 0.0, first = (0.0, 0.0)
    for token in probabilities.indices.sorted(by: { probabilities[$0] > probabilities[$1] }) {
        if probabilities[token] == 0 {
            if counts[token] > 0 { return .infinity }
            continue
        }
        expected += draws * probabilities[token]
        observed += Double(counts[token])
        if expected >= 20 {
            if groups == 0 { first = (expected, observed) }
            statistic += (observed - expected) * (observed - expected) / expected
            (groups, expected, observed) = (groups + 1, 0, 0)
        }
    }
    // What is left at the end is too little for a group of its own: it joins the first.
    if expected > 0, groups > 0 {
        let (e, o) = first
        statistic +=
            (o + observed - e - expected) * (o + observed - e - expected) / (e + expected) - (o - e) * (o - e) / e
    }
    let freedom = groups - 1
    // One group has no freedom, as where one token is left.
    guard freedom >= 1 else { return groups == 1 ? 0 : .infinity }
    let spread = 2 / (9 * freedom)
    return (pow(statistic / freedom, 1.0 / 3) - (1 - spread)) / spread.squareRoot()
}

/// Counts of tokens that a policy draws from copies of one row, 64 sequences in step.
func tokenCounts(
    _ policy: some DecodingPolicy, _ row: [Float], hidden: [Float] = [0], draws: Int, seed: UInt64
) throws -> [Int] {
    let batch = 64
    let logits = Tensor<Float>(shape: [batch, row.count], Array(repeatElement(row, count: batch).joined()))
    let states = Tensor<Float>(shape: [batch, hidden.count], Array(repeatElement(hidden, count: batch).joined()))
    var random = (0..<batch).map { RandomGenerator(seed: seed, stream: UInt64($0)) }
    var counts = [Int](repeating: 0, count: row.count)
    for _ in 0..<draws / batch {
        for decision in try policy.choose(hidden: states, logits: logits, random: &random) {
            counts[decision.token] += 1
        }
    }
    return counts
}

/// Runs `body` with a sampler that has read the row, at a temperature.
func withSampler<Result>(_ row: [Float], temperature: Double, _ body: (RowSampler) throws -> Result) throws -> Result {
    let sampler = RowSampler(vocabularySize: row.count)
    return try row.withUnsafeBufferPointer { row in
        try sampler.read(row, row: 0)
        sampler.softmax(temperature: temperature)
        return try body(sampler)
    }
}
