import Autodiff
import LogitSketches
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

/// Both heads as one operation, against the same heads from composed operations.
@Suite struct FusedHeadsTests {
    struct Case: Sendable, CustomStringConvertible {
        var heads: HeadSelection
        var features: Bool
        var detaches: Bool
        var rows: Int
        var innerSize: Int

        var description: String {
            "\(heads.rawValue), features \(features), detached \(detaches), \(rows) rows, inner width \(innerSize)"
        }
    }

    static let cases = HeadSelection.allCases.flatMap { heads in
        [true, false].flatMap { features in
            [
                Case(heads: heads, features: features, detaches: true, rows: 1, innerSize: 6),
                Case(heads: heads, features: features, detaches: false, rows: 300, innerSize: 20),
                Case(heads: heads, features: features, detaches: true, rows: 600, innerSize: 32),
            ]
        }
    }

    private struct Setting<Element: Scalar> {
        let heads: AutoDecoHeads<Element>
        let hidden: Tensor<Element>
        let logits: SortedRows<Element>
        /// A weight for each prediction, so that every one has a gradient of its own.
        let weights: (Tensor<Element>, Tensor<Element>)

        init(_ test: Case, seed: UInt64) throws {
            var random = RandomGenerator(seed: seed)
            let D = 7, V = 30, n = test.rows
            func normal(_ shape: [Int], _ scale: Double = 1) -> Tensor<Element> {
                Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Element(scale * random.normal()) })
            }
            hidden = normal([n, D])
            let l = normal([n, V], 2)
            weights = (normal([n, 1]), normal([n, 1]))
            logits = try SortedRows(logits: l, labels: (0..<n).map { $0 % V })
            heads = AutoDecoHeads(
                configuration: HeadsConfiguration(
                    hiddenSize: D, heads: test.heads, enhancedFeatures: test.features, innerSize: test.innerSize),
                random: &random)
        }

        /// T̂, P̂, and the gradient of a weighted sum of both by each parameter.
        func results(fused: Bool, detaches: Bool) -> (Tensor<Element>, Tensor<Element>, [Tensor<Element>]) {
            let tape = Tape<Element>(), parameters = heads.parameters.map { tape.parameter($0) }
            let (T, P) =
                fused
                ? heads.predict(
                    hidden: hidden, logits: logits, parameters: parameters, detachesTemperature: detaches, tape: tape)
                : heads.referencePrediction(
                    hidden: tape.constant(hidden), logits: logits, parameters: parameters,
                    detachesTemperature: detaches,
                    tape: tape)
            let gradients = tape.gradients(of: T * tape.constant(weights.0) + P * tape.constant(weights.1))
            return (T.value, P.value, parameters.named.map { gradients[$0.value] })
        }
    }

    private func worst<Element: Scalar>(_ test: Case, _: Element.Type) throws -> Worst {
        let setting = try Setting<Element>(test, seed: 70)
        let (T, P, gradients) = setting.results(fused: true, detaches: test.detaches)
        let (T0, P0, gradients0) = setting.results(fused: false, detaches: test.detaches)
        var worst = Worst()
        func compare(_ a: Tensor<Element>, _ b: Tensor<Element>, _ name: String) {
            #expect(a.shape == b.shape)
            for i in 0..<min(a.count, b.count) { worst.note(Double(a[i]), Double(b[i]), "\(name) \(i)") }
        }
        compare(T, T0, "T̂")
        compare(P, P0, "P̂")
        for (i, pair) in zip(gradients, gradients0).enumerated() {
            compare(pair.0, pair.1, "gradient of parameter \(i)")
        }
        return worst
    }

    @Test(arguments: cases) func fusedHeadsAndTheirGradientsAreThoseOfComposedOperationsInDouble(test: Case) throws {
        let worst = try worst(test, Double.self)
        #expect(worst.error < 1e-12, "\(worst.place)")
    }

    @Test(arguments: cases) func fusedHeadsAreThoseOfComposedOperationsInFloatUpToRounding(test: Case) throws {
        let worst = try worst(test, Float.self)
        #expect(worst.error < 1e-4, "\(worst.place)")
    }

    /// Where nothing is held constant: without features, and with T̂ entering the top-p head as a variable.
    @Test func gradcheckOfFusedHeadsIsWithinOneInAMillion() throws {
        let setting = try Setting<Double>(
            Case(heads: .both, features: false, detaches: false, rows: 9, innerSize: 18), seed: 71)
        let check = GradientCheck(inputs: setting.heads.parameters.named.map(\.value), step: 1e-5) { tape, x in
            func head(_ i: Int) -> HeadParameters<Variable<Double>> {
                HeadParameters(firstWeight: x[i], firstBias: x[i + 1], secondWeight: x[i + 2], secondBias: x[i + 3])
            }
            let (T, P) = setting.heads.predict(
                hidden: setting.hidden, logits: setting.logits,
                parameters: HeadsParameters(temperature: head(0), topP: head(4)),
                detachesTemperature: false, tape: tape)
            return T * tape.constant(setting.weights.0) + P * tape.constant(setting.weights.1)
        }
        HeadsGradientChecks.printRow("both heads, fused", check, bar: 1e-6)
        #expect(check.worstError <= 1e-6, "\(check)")
    }

    @Test func fusedHeadsAreTheSameBitsWithOneAndTwoThreads() throws {
        let setting = try Setting<Float>(
            Case(heads: .both, features: true, detaches: false, rows: 1000, innerSize: 32), seed: 72)
        let one = Parallel.$threads.withValue(1) { setting.results(fused: true, detaches: false) }
        let two = Parallel.$threads.withValue(2) { setting.results(fused: true, detaches: false) }
        #expect(one.0 == two.0 && one.1 == two.1 && one.2 == two.2)
    }
}
