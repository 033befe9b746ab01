import WeightMatrices
import Foundation
import Safetensors
import Tensor
import Testing
@testable import Backbone

@Suite struct FeedForwardTests {
    private func weight(_ rows: Int, _ columns: Int, _ values: [Float]) throws -> Projection {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "weight-\(UUID().uuidString).safetensors"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafetensorsWriter.write([NewTensor("w", [rows, columns], values)], to: path)
        return Projection(weight: try WeightMatrix(SafetensorsFile(path: path).tensor("w")))
    }

    private func router(_ count: Int, _ rule: Router.Rule) throws -> Router {
        Router(projection: try weight(1, 1, [0]), count: count, rule: rule)
    }

    private func close(_ a: [Router.Choice], _ b: [(Int, Double)]) -> Bool {
        a.map(\.expert) == b.map(\.0) && zip(a, b).allSatisfy { abs(Double($0.weight) - $1.1) < 1e-6 }
    }

    // Logits ln 1, ln 4, ln 3, ln 2: probabilities 0.1, 0.4, 0.3, 0.2.
    private let logits = [1, 4, 3, 2].map { Float(log(Double($0))) }

    @Test func softmaxGoesOverAllExperts() throws {
        #expect(close(try router(2, .softmaxThenTop(normalizes: false)).choices(logits), [(1, 0.4), (2, 0.3)]))
        #expect(close(try router(2, .softmaxThenTop(normalizes: true)).choices(logits), [(1, 4 / 7.0), (2, 3 / 7.0)]))
    }

    @Test func softmaxGoesOverTheChosen() throws {
        #expect(close(try router(3, .topThenSoftmax).choices(logits), [(1, 4 / 9.0), (2, 3 / 9.0), (3, 2 / 9.0)]))
    }

    @Test func equalExpertsGoByNumber() throws {
        #expect(try router(2, .topThenSoftmax).choices([1, 2, 2, 2]).map(\.expert) == [1, 2])
    }

    @Test func groupsAreJudgedByTheirTwoBestAndWeightsKnowNoCorrection() throws {
        func logit(_ p: Double) -> Float { Float(log(p / (1 - p))) }
        // Scores of four groups of two. Sums: 0.9, 0.8, 1.0, 0.5; with the corrections 0.9, 1.1, 1.0, 0.5.
        let scores = [0.8, 0.1, 0.5, 0.3, 0.6, 0.4, 0.3, 0.2].map(logit)
        let correction: [Float] = [0, 0, 0, 0.3, 0, 0, 0, 0]
        func rule(normalizes: Bool) -> Router.Rule {
            .groupedSigmoid(correction: correction, groups: 4, chosenGroups: 2, normalizes: normalizes, scale: 2.5)
        }
        // Expert 0 is the best, but its group is closed. Of groups 1 and 2 it is 3 and 4 (0.6 each with the correction,
        // which 4 reaches without one).
        let plain = try router(2, rule(normalizes: false)).choices(scores)
        #expect(Set(plain.map(\.expert)) == [3, 4])
        for choice in plain { #expect(abs(choice.weight - (choice.expert == 3 ? 0.3 : 0.6) * 2.5) < 1e-6) }
        let normalized = try router(2, rule(normalizes: true)).choices(scores)
        for choice in normalized { #expect(abs(choice.weight - (choice.expert == 3 ? 1 : 2) / 3 * 2.5) < 1e-5) }
    }

    @Test func gatedIsSiLUTimesValue() throws {
        let feedForward = GatedFeedForward(
            gate: try weight(1, 1, [2]), up: try weight(1, 1, [3]), down: try weight(1, 1, [0.5]))
        // x = 1.5: g = 3, u = 4.5.
        let y = feedForward(Tensor(shape: [1, 1], [1.5] as [Float]))[0]
        #expect(abs(Double(y) - 3 / (1 + exp(-3.0)) * 4.5 * 0.5) < 1e-5)
    }

    @Test func geluIsItsTanhForm() throws {
        // 19 rows, so that a vector and a rest both count; far out the gate is all or nothing.
        let feedForward = GatedFeedForward(
            gate: try weight(1, 1, [1]), up: try weight(1, 1, [1]), down: try weight(1, 1, [1]), activation: .gelu)
        let x = (0..<17).map { Float($0) / 2 - 4 } + [-50, 60]
        let y = feedForward(Tensor(shape: [19, 1], x))
        for (got, g) in zip(y.elements, x.map(Double.init)) {
            let want = 0.5 * g * (1 + tanh((2 / Double.pi).squareRoot() * (g + 0.044715 * g * g * g))) * g
            #expect(abs(Double(got) - want) < 1e-5 * (1 + abs(want)), "\(g)")
        }
    }

    @Test func aSharedExpertIsWeightedByItsGate() throws {
        let expert = GatedFeedForward(
            gate: try weight(1, 1, [2]), up: try weight(1, 1, [1]), down: try weight(1, 1, [1]))
        let shared = GatedFeedForward(
            gate: try weight(1, 1, [1]), up: try weight(1, 1, [3]), down: try weight(1, 1, [1]))
        let mixture = ExpertFeedForward(
            router: Router(projection: try weight(1, 1, [1]), count: 1, rule: .topThenSoftmax), experts: [expert],
            shared: shared, sharedGate: try weight(1, 1, [0.5]))
        let y = mixture(Tensor(shape: [2, 1], [1.5, -1] as [Float]))
        func silu(_ g: Double) -> Double { g / (1 + exp(-g)) }
        for (got, x) in zip(y.elements, [1.5, -1.0]) {
            let want = silu(2 * x) * x + silu(x) * 3 * x / (1 + exp(-0.5 * x))
            #expect(abs(Double(got) - want) < 1e-5)
        }
    }

    @Test func clampedCutsGateAboveAndValueOnBothSides() throws {
        let feedForward = ClampedFeedForward(
            inner: .joined(try weight(4, 2, [1, 0, 0, 1, 0, 1, 1, 0])), down: try weight(2, 2, [1, 0, 0, 1]),
            alpha: 1.702,
            limit: 7)
        // Columns g₁ = a, u₁ = b, g₂ = b, u₂ = a.
        func swiglu(_ g: Double, _ u: Double) -> Double { (u + 1) * g / (1 + exp(-1.702 * g)) }
        let y = feedForward(Tensor(shape: [3, 2], [9, -9, 1, -2, -0.5, 3] as [Float]))
        let want = [swiglu(7, -7), swiglu(-9, 7), swiglu(1, -2), swiglu(-2, 1), swiglu(-0.5, 3), swiglu(3, -0.5)]
        #expect(y.shape == [3, 2])
        for (got, want) in zip(y.elements, want) { #expect(abs(Double(got) - want) < 1e-4 * (1 + abs(want))) }
    }

    @Test func normDividesByTheRootMeanSquare() {
        // 19 columns, so that a vector and a rest both count.
        let x = (0..<38).map { Float($0 % 7) - 2 }
        let norm = RootMeanSquareNorm(weight: (0..<19).map { 1 + Float($0) / 10 }, epsilon: 0.5)
        let y = norm(Tensor(shape: [2, 19], x))
        for row in 0..<2 {
            let mean = x[row * 19..<(row + 1) * 19].reduce(0) { $0 + Double($1) * Double($1) } / 19
            for i in 0..<19 {
                let want = Double(x[row * 19 + i]) / (mean + 0.5).squareRoot() * (1 + Double(i) / 10)
                #expect(abs(Double(y[row, i]) - want) < 1e-5)
            }
        }
    }
}
