import Foundation
import Tensor
import TestSupport
import Testing
@testable import LogitSketches

/// The sketch of a row by its definition: a full sort, and bins by comparing with edges.
private func reference(_ row: [Float], _ label: Int, _ shape: SketchShape) -> LogitSketch<Float> {
    let K = shape.exact, B = shape.bins, V = row.count
    let order = row.indices.sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 },
        rank = order.firstIndex(of: label)!
    func isPossible(_ x: Float) -> Bool { x > -1e30 }
    let top = order.prefix(K).map { isPossible(row[$0]) ? row[$0] : -.infinity }
    guard V > K else {
        return LogitSketch(
            label: label, labelRank: rank, labelLogit: row[label], topLogits: top, tailCount: [], tailMean: [],
            tailVariance: [])
    }
    let floor = row[order[0]] - 64, tail = order.dropFirst(K).filter { isPossible(row[$0]) }
    var bins = Array(repeating: [Double](), count: B + 1)
    if let first = tail.first, let last = tail.last {
        let start = Double(max(row[first], floor)), D = start - Double(max(row[last], floor))
        func bin(_ token: Int) -> Int {
            let depth = start - Double(max(row[token], floor))
            return D > 0 ? (1..<B).last { shape.edge($0, of: D) <= depth } ?? 0 : 0
        }
        for (place, token) in tail.enumerated() {
            // Bins after the label's, and what follows the label in its own, move on by one.
            let isAfter = rank >= K && K + place > rank
            bins[bin(token) + (isAfter ? 1 : 0)].append(Double(max(row[token], floor)))
        }
    }
    let means = bins.map { $0.isEmpty ? 0 : $0.reduce(0, +) / Double($0.count) }
    return LogitSketch(
        label: label, labelRank: rank, labelLogit: row[label], topLogits: top, tailCount: bins.map { Float($0.count) },
        tailMean: means.map { Float($0) },
        tailVariance: zip(bins, means).map { bin, mean in
            bin.isEmpty ? 0 : Float(bin.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(bin.count))
        })
}

@Suite struct SketchBuilderTests {
    @Test(
        arguments: RandomRows.Kind.allCases,
        [
            (SketchShape.standard, 5_000), (SketchShape(exact: 8, bins: 8), 60), (SketchShape(exact: 8, bins: 8), 9),
            (SketchShape(exact: 16, bins: 1), 700),
        ])
    func sketchEqualsItsDefinition(kind: RandomRows.Kind, size: (shape: SketchShape, V: Int)) throws {
        var random = RandomGenerator(seed: 60)
        let builder = SketchBuilder<Float>(vocabularySize: size.V, shape: size.shape)
        var exactCount = 0
        for _ in 0..<20 {
            var row = RandomRows.row(kind, size.V, &random).map { Float($0) }
            // Some rows with impossible tokens of both spellings.
            if random.uniform() < 0.3 {
                for i in row.indices where random.uniform() < 0.2 {
                    row[i] = random.uniform() < 0.5 ? -.infinity : -3.4e38
                }
            }
            guard let label = row.indices.filter({ row[$0] > -1e30 }).randomElement(using: &random) else { continue }
            let got = try row.withUnsafeBufferPointer { try builder.sketch(of: $0, label: label, row: 0) }
            let expected = reference(row, label, size.shape)
            #expect(got.labelRank == expected.labelRank)
            #expect(got.topLogits == expected.topLogits)
            #expect(
                got.tailCount.count == expected.tailCount.count
                    && got.tailCount.reduce(0, +) == expected.tailCount.reduce(0, +))
            // A logit within rounding of an edge may be in the neighbouring bin.
            let moved = zip(got.tailCount, expected.tailCount).reduce(0) { $0 + abs($1.0 - $1.1) }
            #expect(moved <= 4, "\(kind): \(moved / 2) logits are in other bins")
            exactCount += moved == 0 ? 1 : 0
            for j in got.tailCount.indices where got.tailCount[j] == expected.tailCount[j] && moved == 0 {
                #expect(
                    abs(got.tailMean[j] - expected.tailMean[j]) <= 2e-5
                        && abs(got.tailVariance[j] - expected.tailVariance[j]) <= 1e-5 + 1e-5 * expected.tailVariance[j]
                )
            }
            if got.labelRank >= size.shape.exact {
                var cumulative = Float(size.shape.exact)
                #expect(
                    got.tailCount.contains {
                        cumulative += $0
                        return Int(cumulative) == got.labelRank + 1
                    })
            }
        }
        #expect(exactCount >= 10, "means and variances are hardly compared")
    }

    @Test func selectionFindsEachRank() {
        var random = RandomGenerator(seed: 61)
        for _ in 0..<300 {
            let n = 1 + Int(random.next() % 40), values = (0..<n).map { _ in Int(random.next() % 12) },
                k = Int(random.next() % UInt64(n))
            var order = values
            #expect(select(&order, k, by: >) == values.sorted(by: >)[k])
            #expect(order[0..<k].allSatisfy { $0 >= order[k] } && order[k...].allSatisfy { $0 <= order[k] })
        }
    }

    @Test func radixSortEqualsSorting() {
        var random = RandomGenerator(seed: 62)
        var values =
            (0..<5_000).map { _ in Float(random.normal() * exp(20 * random.normal())) } + [
                0, -0.0, -.infinity, -3.4e38, 3.4e38,
            ]
        let expected = values.sorted(by: >)
        sortDescending(&values)
        #expect(values == expected)
    }
}
