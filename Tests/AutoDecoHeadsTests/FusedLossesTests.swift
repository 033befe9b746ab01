import Autodiff
import Foundation
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

@Suite struct FusedLossesTests {
    /// Losses and derivatives of one row from composed operations.
    static func composed(
        _ row: [Double], _ label: Int, _ T: Double, _ P: Double
    ) throws -> (values: [Double], features: [Double]) {
        var values: [Double] = []
        for which in 0..<3 {
            let tape = Tape<Double>()
            let equations = try Equations(tape: tape, logits: Tensor(shape: [1, row.count], row), labels: [label])
            let t = tape.parameter(Tensor(shape: [1, 1], [T])), p = tape.parameter(Tensor(shape: [1, 1], [P]))
            let loss =
                which == 0
                ? equations.temperatureLoss(t)
                : which == 1 ? equations.topPLoss(t, topP: p) : equations.jointLoss(t, topP: p)
            let gradients = tape.gradients(of: loss)
            values += [loss.value[0], gradients[t][0]] + (which == 0 ? [] : [gradients[p][0]])
        }
        let tape = Tape<Double>()
        let features = try Equations(tape: tape, logits: Tensor(shape: [1, row.count], row), labels: [label])
            .features(Tensor(shape: [1, 1], [T]))
        return (values, features.elements)
    }

    static let isGradient = [false, true, false, true, true, false, true, true]

    @Test func fusedEqualsComposedInDouble() throws {
        var random = RandomGenerator(seed: 20), value = Worst(), gradient = Worst(), features = Worst()
        for trial in 0..<480 {
            let kind = RandomRows.Kind.allCases[trial % RandomRows.Kind.allCases.count]
            let V = trial < 16 ? trial / 8 + 1 : Int(pow(5000, random.uniform()))
            let row = RandomRows.row(kind, V, &random), label = RandomRows.label(row, &random)
            // P̂ beyond its usual range too.
            let T = random.uniform(in: 0.05..<2),
                P = trial % 13 == 0 ? 1 : trial % 17 == 0 ? 0 : random.uniform(in: 0.01..<0.999)
            let expected = try Self.composed(row, label, T, P)
            let got = try fusedValues(SortedRows(logits: Tensor(shape: [1, V], row), labels: [label]), T, P)
            let place = "\(kind) V=\(V) T=\(T) P=\(P)"
            for i in 0..<8 {
                if Self.isGradient[i] {
                    gradient.note(got.values[i], expected.values[i], "\(place) [\(i)]")
                } else {
                    value.note(got.values[i], expected.values[i], "\(place) [\(i)]")
                }
            }
            for i in 0..<4 { features.note(got.features[i], expected.features[i], "\(place) feature \(i)") }
        }
        print(
            "fused against composed in Double: values \(value.error), "
                + "gradients \(gradient.error) at \(gradient.place), features \(features.error)"
        )
        #expect(value.error <= 1e-12, "\(value.place)")
        #expect(gradient.error <= 1e-10, "\(gradient.place)")
        #expect(features.error <= 1e-12, "\(features.place)")
    }

    /// Below its bounds T̂ passes no gradient, but for the released top-p loss, whose bound is far lower.
    @Test func temperaturesBelowTheBoundAreHandledAsComposed() throws {
        var random = RandomGenerator(seed: 21), value = Worst()
        for trial in 0..<200 {
            let row = RandomRows.row(.bulk, 50, &random), label = RandomRows.label(row, &random)
            let T = trial % 4 == 0 ? 1e-9 : pow(10, random.uniform(in: -7 ..< -2)), P = random.uniform(in: 0.01..<0.999)
            let expected = try Self.composed(row, label, T, P)
            let got = try fusedValues(SortedRows(logits: Tensor(shape: [1, 50], row), labels: [label]), T, P)
            for i in [0, 2, 5] { value.note(got.values[i], expected.values[i], "T=\(T) P=\(P) [\(i)]") }
            for i in [1, 6] { #expect(got.values[i] == 0 && expected.values[i] == 0) }
            if T < 1e-8 { #expect(got.values[3] == 0 && expected.values[3] == 0) }
            for i in [4, 7] { #expect(abs(got.values[i] - expected.values[i]) < 1e-10 * (1 + abs(expected.values[i]))) }
            // The composed derivative multiplies rounding errors of 1e-16 by α·l/T².
            #expect(abs(got.values[3] - expected.values[3]) < 1e-10 + 1e-14 / (T * T))
        }
        #expect(value.error <= 1e-12, "\(value.place)")
    }

    /// −log(p⊙m / (Σ p⊙m + ε)) as equation (3) writes it, wherever p_y·m_y does not underflow.
    @Test func jointLossIsTheNegativeLogarithmOfEquationThree() throws {
        var random = RandomGenerator(seed: 22), worst = Worst(), compared = 0
        for _ in 0..<200 {
            let V = Int(pow(3000, random.uniform())), row = RandomRows.row(.bulk, V, &random),
                label = RandomRows.label(row, &random)
            let T = random.uniform(in: 0.05..<2), P = random.uniform(in: 0.01..<0.999)
            let tape = Tape<Double>()
            let equations = try Equations(tape: tape, logits: Tensor(shape: [1, V], row), labels: [label])
            let t = tape.constant(Tensor(shape: [1, 1], [T])), p = tape.constant(Tensor(shape: [1, 1], [P]))
            let renormalised = equations.renormalised(equations.scaledLogits(t, atLeast: 1e-2).softmax(), topP: p)
            let y = renormalised.value[equations.labelRanks[0][0]]
            guard y > 1e-290 else { continue }
            compared += 1
            let got = try fusedValues(SortedRows(logits: Tensor(shape: [1, V], row), labels: [label]), T, P)
            worst.note(got.values[5], -log(y), "V=\(V) T=\(T) P=\(P)")
        }
        #expect(compared > 150)
        #expect(worst.error <= 1e-12, "\(worst.place)")
    }

    /// The closed forms of the Float path, at rows of all kinds and sizes that fill many blocks.
    @Test func fusedInFloatIsWithinFloatOfFusedInDouble() throws {
        var random = RandomGenerator(seed: 23), value = Worst(), gradient = Worst(), features = Worst()
        for trial in 0..<160 {
            let kind = RandomRows.Kind.allCases[trial % RandomRows.Kind.allCases.count]
            let V = Int(pow(30_000, 0.5 + 0.5 * random.uniform()))
            // The same logits for both: rounded to Float.
            let row = RandomRows.row(kind, V, &random).map { Double(Float($0)) }, label = RandomRows.label(row, &random)
            let exact = try SortedRows(logits: Tensor<Double>(shape: [1, V], row), labels: [label])
            let float = try SortedRows(logits: Tensor<Float>(shape: [1, V], row.map { Float($0) }), labels: [label])
            for _ in 0..<8 {
                let T = Double(Float(random.uniform(in: 0.05..<2))), P = Double(Float(random.uniform(in: 0.01..<0.999)))
                let expected = fusedValues(exact, T, P), got = fusedValues(float, T, P),
                    place = "\(kind) V=\(V) T=\(T) P=\(P)"
                for i in 0..<8 {
                    if Self.isGradient[i] {
                        gradient.note(got.values[i], expected.values[i], "\(place) [\(i)]")
                    } else {
                        value.note(got.values[i], expected.values[i], "\(place) [\(i)]")
                    }
                }
                for i in 0..<4 { features.note(got.features[i], expected.features[i], "\(place) feature \(i)") }
            }
        }
        print(
            "fused in Float against Double: values \(value.error) at \(value.place); "
                + "gradients \(gradient.error) at \(gradient.place); features \(features.error) at \(features.place)"
        )
        #expect(value.error <= 1e-5, "\(value.place)")
        #expect(gradient.error <= 1e-4, "\(gradient.place)")
        #expect(features.error <= 1e-5, "\(features.place)")
    }
}
