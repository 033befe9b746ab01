import Foundation
import Tensor

/// Whether this is an optimised build. Without, kernels are a thousand times slower, and tests at a real vocabulary are
/// skipped.
#if DEBUG
package let isOptimised = false
#else
package let isOptimised = true
#endif

/// Seeded rows of logits of the shapes that real models give, and of some that they do not.
package enum RandomRows {
    package enum Kind: String, CaseIterable, Sendable {
        /// A normal bulk of standard deviation 2.5 and 1 to 60 raised tokens.
        case bulk
        /// As `bulk`, and one logit at −1,000.
        case bulkWithOutlier
        /// As `bulk`, and 271 logits at −80, as padding of a vocabulary gives.
        case bulkWithPadding
        /// Half of the tokens 12 below the other half.
        case twoHumps
        /// Laplace-distributed logits: tails heavier than normal.
        case heavyTail
        /// Nearly equal logits.
        case flat
        /// All logits equal.
        case equal
        /// 260 to 4,000 tokens of nearly equal logits far above the bulk: as much mass as can be in few bins.
        case shelf
        /// A bulk whose logits fall linearly with the logarithm of their rank, by 1 to 5 a factor of e (Zipf).
        case zipf
        /// Rounded to quarters, with many ties, as low-precision logits give.
        case tied
    }

    package static func row(_ kind: Kind, _ V: Int, _ random: inout RandomGenerator) -> [Double] {
        func bulk() -> [Double] {
            var l = (0..<V).map { _ in 2.5 * random.normal() }
            let raised = 1 + Int(random.next() % 60)
            for _ in 0..<raised { l[Int(random.next() % UInt64(V))] += random.uniform(in: 4..<22) }
            return l
        }
        switch kind {
        case .bulk: return bulk()
        case .bulkWithOutlier:
            var l = bulk()
            l[Int(random.next() % UInt64(V))] = -1000
            return l
        case .bulkWithPadding:
            var l = bulk()
            for i in max(0, V - 271)..<V { l[i] = -80 }
            return l
        case .twoHumps: return bulk().enumerated().map { $1 - ($0 % 2 == 0 ? 12 : 0) }
        case .heavyTail: return (0..<V).map { _ in 2 * log(1 - random.uniform()) * (random.uniform() < 0.5 ? -1 : 1) }
        case .flat: return (0..<V).map { _ in 0.01 * random.normal() }
        case .shelf:
            var l = bulk()
            let spread = random.uniform(in: 0..<2)
            for i in 0..<min(V, Int(260 * pow(15, random.uniform()))) { l[i] = 25 + spread * random.normal() }
            return l
        case .zipf:
            let slope = random.uniform(in: 1..<5)
            return random.permutation(V).map { -slope * log(Double($0 + 1)) }
        case .equal: return Array(repeating: 1.25, count: V)
        case .tied: return bulk().map { ($0 * 4).rounded() / 4 }
        }
    }

    /// A label anywhere: at the top, in the middle, or any token.
    package static func label(_ row: [Double], _ random: inout RandomGenerator) -> Int {
        let order = random.uniform() < 0.5 ? row.indices.sorted { row[$0] > row[$1] } : Array(row.indices)
        let reach = pow(Double(row.count), random.uniform())
        return order[min(row.count - 1, Int(reach) - 1)]
    }
}

/// Largest difference so far, relative to 1 + |expected|, and where it was.
package struct Worst {
    package var error = 0.0
    package var place = ""

    package init() {}

    package mutating func note(_ value: Double, _ expected: Double, _ place: @autoclosure () -> String) {
        let error = value == expected ? 0 : abs(value - expected) / (1 + abs(expected))
        // Written so that NaN counts as the worst.
        if !(error <= self.error) {
            (self.error, self.place) = (
                error.isNaN ? .infinity : error, place() + " got \(value), expected \(expected)"
            )
        }
    }
}
