import Autodiff
import Foundation
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

/// The corners that DESIGN defines: ties, kinks, impossible tokens, one token, and rows that are refused.
@Suite struct EdgeCaseTests {
    static let shapes: [SketchShape] = [.standard, SketchShape(exact: 8, bins: 8)]

    /// Losses of one row in all four forms, which must agree.
    static func all(
        _ row: [Double], _ label: Int, _ T: Double, _ P: Double
    ) throws -> [(name: String, values: [Double], features: [Double])] {
        let l = Tensor<Double>(shape: [1, row.count], row)
        let composed = try FusedLossesTests.composed(row, label, T, P)
        let exact = try fusedValues(SortedRows(logits: l, labels: [label]), T, P)
        return try [("composed", composed.values, composed.features), ("fused", exact.values, exact.features)]
            + shapes.map { shape in
                let sketched = try fusedValues(LogitSketches(logits: l, labels: [label], shape: shape), T, P)
                return ("K = \(shape.exact)", sketched.values, sketched.features)
            }
    }

    @Test func oneTokenHasProbabilityOne() throws {
        for (name, values, features) in try Self.all([3.5], 0, 0.7, 0.25) {
            // c = 1 and m = exp(−α·0.75); the joint loss is log((m + ε)/m).
            let m = exp(-30 * 0.75)
            // Kernels count places beyond V as 2^-500.
            #expect(values[0] == 0 && abs(values[1]) < 1e-140, "\(name)")
            #expect(abs(values[5] - log((m + 1e-9) / m)) < 1e-12, "\(name)")
            #expect(abs(values[7] - (-30 + 30 * m / (m + 1e-9))) < 1e-10, "\(name)")
            #expect(features == [1, -log(1 + 1e-8), 0, 1], "\(name)")
        }
    }

    @Test func equalLogitsKeepTheOrderOfTheirIds() throws {
        let row = [Double](repeating: 1, count: 4)
        for label in 0..<4 {
            let rows = try SortedRows(logits: Tensor<Double>(shape: [1, 4], row), labels: [label])
            #expect(rows.labelRanks == [label])
            for (name, values, _) in try Self.all(row, label, 1, 0.4) {
                // c = (label + 1)/4: inside P̂ = 0.4 for the first alone.
                let c = Double(label + 1) / 4
                let masked = 0.25 * (1 + (2...4).reduce(0) { $0 + exp(-30 * (Double($1) / 4 - 0.4)) })
                #expect(
                    abs(values[5] - (-log(0.25) + 30 * max(0, c - 0.4) + log(masked + 1e-9))) < 1e-12,
                    "\(name), label \(label)")
            }
        }
    }

    /// At c = P̂ the mask is 1 and passes nothing: relu′(0) = 0.
    @Test func noGradientFlowsWhereTheCumulativeSumEqualsTopP() throws {
        // Two equal logits: c = ½ exactly at the label.
        for (name, values, _) in try Self.all([0, 0], 0, 1, 0.5) {
            let m = exp(-30 * 0.5), S = 0.5 + 0.5 * m
            #expect(abs(values[5] - (-log(0.5) + log(S + 1e-9))) < 1e-14, "\(name)")
            // Only the second token is outside.
            #expect(abs(values[7] - 30 * 0.5 * m / (S + 1e-9)) < 1e-12, "\(name)")
        }
    }

    @Test func labelsInFirstAndLastPlaceAgreeInAllForms() throws {
        var random = RandomGenerator(seed: 70)
        let row = (0..<8).map { _ in 2 * random.normal() }
        let order = row.indices.sorted { row[$0] > row[$1] }
        for label in [order[0], order[7]] {
            let forms = try Self.all(row, label, 0.8, 0.6)
            for form in forms.dropFirst() {
                for i in 0..<8 {
                    #expect(
                        abs(form.values[i] - forms[0].values[i]) < 1e-10 * (1 + abs(forms[0].values[i])),
                        "\(form.name) [\(i)]")
                }
            }
        }
    }

    @Test func topPOfOneMasksNothing() throws {
        var random = RandomGenerator(seed: 71)
        let row = (0..<8).map { _ in random.normal() }
        for (name, values, _) in try Self.all(row, 3, 0.9, 1) {
            #expect(abs(values[5] - values[0]) < 2e-9, "\(name)")
            #expect(values[7] == 0 && abs(values[6] - values[1]) < 1e-8, "\(name)")
        }
    }

    /// An impossible token counts in V alone, however it is spelt; the other losses are those of the row without it.
    @Test(arguments: [-Double.infinity, -1e30, -3.4e38])
    func impossibleTokensCountOnlyInV(mask: Double) throws {
        var random = RandomGenerator(seed: 72)
        let possible = (0..<7).map { _ in 2 * random.normal() },
            row = Array(possible[0..<3]) + [mask] + Array(possible[3...]) + [mask, mask]
        let without = try Self.all(possible, 5, 0.7, 0.6), with = try Self.all(row, 6, 0.7, 0.6)
        for (a, b) in zip(without, with) {
            // K = 8 sees a tail in the longer row only, and that tail is empty.
            for i in 0..<8 {
                #expect(abs(a.values[i] - b.values[i]) < 1e-12 * (1 + abs(a.values[i])), "\(a.name) [\(i)]")
            }
            let squares = { (f: [Double], V: Double) in f[2] * (V - 1) + 1 / V }
            #expect(
                abs(a.features[1] - b.features[1]) < 1e-12
                    && abs(squares(a.features, 7) - squares(b.features, 10)) < 1e-12, "\(a.name)")
        }
    }

    @Test func floatRowsWithManyImpossibleTokensStayFinite() throws {
        let V = 20_000
        var row = [Float](repeating: -.infinity, count: V)
        row[17] = 3
        row[400] = 2
        row[19_999] = 1
        let l = Tensor<Float>(shape: [1, V], row), exact = try SortedRows(logits: l, labels: [400])
        for logits in [
            fusedValues(exact, 1e-6, 0.5), fusedValues(exact, 0.9, 0.5),
            try fusedValues(LogitSketches(logits: l, labels: [400]), 1e-6, 0.5),
            try fusedValues(LogitSketches(logits: l, labels: [400]), 0.9, 0.5),
        ] {
            #expect(logits.values.allSatisfy(\.isFinite) && logits.features.allSatisfy(\.isFinite))
        }
    }

    @Test(
        arguments: [
            ([1, .nan, 2], 0, "row 1: the logit of token 1 is nan"),
            ([1, 2, .infinity], 0, "row 1: the logit of token 2 is inf"),
            ([1, -.infinity, 2], 1, "row 1: label 1 is an impossible token, its logit is -inf"),
            ([1, -2e30, 2], 1, "row 1: label 1 is an impossible token"),
            ([-.infinity, -1e30, -3e38], 0, "row 1: all 3 tokens are impossible"),
            ([1, 2, 3], 3, "row 1: label 3 is outside the vocabulary of 3"),
            ([1, 2, 3], -1, "row 1: label -1 is outside the vocabulary of 3"),
        ] as [([Double], Int, String)])
    func unsoundRowsAreRefusedWithTheirNumber(row: [Double], label: Int, message: String) {
        func check<Element: Scalar>(_: Element.Type) {
            let l = Tensor<Element>(shape: [2, 3], ([0, 0, 0] + row).map { Element($0) }), labels = [0, label]
            for attempt in [
                { _ = try SortedRows(logits: l, labels: labels) }, { _ = try LogitSketches(logits: l, labels: labels) },
                { _ = try LogitSketches(logits: l, labels: labels, shape: SketchShape(exact: 5, bins: 2)) },
                { _ = try Equations(tape: Tape(), logits: l, labels: labels) },
            ] as [() throws -> Void] {
                let error = #expect(throws: LogitsError.self) { try attempt() }
                #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "no error")")
            }
        }
        check(Float.self)
        check(Double.self)
    }

    @Test func sketchesThatContradictThemselvesAreRefused() throws {
        let row: [Float] = (0..<40).map { -Float($0) }, shape = SketchShape(exact: 8, bins: 8)
        let good = try row.withUnsafeBufferPointer {
            try SketchBuilder<Float>(vocabularySize: 40, shape: shape).sketch(of: $0, label: 20, row: 0)
        }
        func refused(_ change: (inout LogitSketch<Float>) -> Void) -> Bool {
            var sketch = good
            change(&sketch)
            do {
                _ = try LogitSketches([sketch], vocabularySize: 40, shape: shape)
                return false
            } catch { return error is LogitsError }
        }
        #expect(!refused { _ in })
        #expect(refused { $0.topLogits[3] = .nan })
        #expect(refused { $0.topLogits[3] = 9 })
        #expect(refused { $0.tailMean[2] = .nan })
        #expect(refused { $0.tailVariance[2] = .infinity })
        #expect(refused { $0.tailCount[0] = -1 })
        #expect(refused { $0.tailCount[0] = 1e30 })
        #expect(refused { $0.labelRank = 19 })
        #expect(refused { $0.labelLogit = 1 })
    }
}
