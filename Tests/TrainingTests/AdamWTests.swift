import AutoDecoHeads
import Foundation
import Tensor
import Testing

@testable import Training

/// A hundred steps of PyTorch's AdamW in float64, made by data/scripts/make_adamw_golden.py with torch 2.15.0: its
/// docstring says what gradients are, and in what the three runs differ.
private enum Golden {
    struct Run: Sendable {
        var name: String
        var settings: AdamWSettings
        var rate: Double
        var clip: Double?
        /// The seven parameters after some steps.
        var parameters: [Int: [Double]]

        init(
            _ name: String, rate: Double, clip: Double? = nil, _ parameters: [Int: [Double]],
            _ set: (inout AdamWSettings) -> Void = { _ in }
        ) {
            (self.name, self.rate, self.clip, self.parameters) = (name, rate, clip, parameters)
            settings = AdamWSettings()
            set(&settings)
        }
    }

    static let runs = [
        Run(
            "paper", rate: 5e-6,
            [
                1: [
                    0.9999950000138268, 0.26749382862515736, -0.8568937533688963, -0.7259373042001318,
                    0.4685216713003595, 0.9765926257205124, 0.05396042056214375,
                ],
                2: [
                    0.999990186567879, 0.26748887210395556, -0.8568986697913447, -0.7259418846542841,
                    0.46852558702200325, 0.9765975617589194, 0.05396536834513787,
                ],
                10: [
                    0.9999566005758971, 0.26746348819017507, -0.8569089487342607, -0.725928211695598,
                    0.4685594818835136, 0.9766278586029236, 0.05398394221893185,
                ],
                100: [
                    0.9999568342630926, 0.26746730100413685, -0.8569029492473444, -0.7259225222632514,
                    0.4685614213538005, 0.9766256261595269, 0.05397880873750132,
                ],
            ]),
        Run(
            "decay", rate: 3e-2,
            [
                1: [
                    0.9734989161805745, 0.23703447441721157, -0.8842875130650493, -0.7537496867215031,
                    0.4971005629347519, 0.9997397871241142, 0.0834935182381484,
                ],
                2: [
                    0.9459523727445337, 0.20684544998451393, -0.9110521574634021, -0.7786241242171982,
                    0.519951973949229, 1.0231820356036303, 0.11262512001287431,
                ],
                10: [
                    0.7554825550975797, 0.07816917142456192, -0.9162171748362425, -0.650807105438188,
                    0.7124429161276956, 1.145027133244169, 0.1876964789426384,
                ],
                100: [
                    0.7049013011305286, 0.10804174027834682, -0.7884207768996738, -0.5822960499211044,
                    0.5950256023054217, 0.9745991822335939, 0.13443504015621557,
                ],
            ]
        ) { ($0.beta1, $0.beta2, $0.epsilon, $0.weightDecay) = (0.8, 0.95, 1e-3, 0.1) },
        Run(
            "clipped", rate: 1e-2, clip: 1,
            [
                1: [
                    0.9899001911140725, 0.2574720866203187, -0.8668030637885564, -0.7358597108586505,
                    0.4784698193899283, 0.986489863146506, 0.06395001803882874,
                ],
                2: [
                    0.9811886123767144, 0.24949244719755173, -0.8743867124573416, -0.7430193056921109,
                    0.48776114067340637, 0.9945493383247697, 0.0717470263937474,
                ],
                10: [
                    0.9344133351838186, 0.22012120721360368, -0.8956218475146526, -0.7538074481344909,
                    0.5595460196776919, 1.028254632671639, 0.09698846066727791,
                ],
                100: [
                    0.8996492390638081, 0.18931566318098536, -0.9202402442029662, -0.7756511525614294,
                    0.5733395493639662, 1.0547167592260354, 0.1257088696279752,
                ],
            ]
        ) { $0.weightDecay = 0.01 },
    ]

    static func gradient(_ i: Int, _ step: Int) -> Double {
        Foundation.sin(0.7 * Double(i) + 0.37 * Double(step)) * Foundation.pow(10, Double(i % 5 - 2))
    }
}

@Suite struct AdamWTests {
    /// Largest difference to the golden, relative to 1 + |value|, over a hundred steps with a rate that falls linearly.
    private func worst<Element: Scalar>(_ run: Golden.Run, _: Element.Type) -> Double {
        // Two tensors of 3 and 4 elements: the norm is taken over both.
        func split(_ x: [Double]) -> [Tensor<Element>] {
            [Tensor(shape: [3], x[..<3].map { Element($0) }), Tensor(shape: [4, 1], x[3...].map { Element($0) })]
        }
        var parameters = split((0..<7).map { Foundation.cos(1.3 * Double($0)) })
        var optimizer = AdamW<Element>(shapes: parameters.map(\.shape), settings: run.settings), worst = 0.0
        for step in 1...100 {
            let gradients = split((0..<7).map { Golden.gradient($0, step) })
            optimizer.update(
                &parameters, gradients: gradients, gradientScale: GradientNorm(of: gradients).scale(toAtMost: run.clip),
                learningRate: Schedule(decay: .linear, peak: run.rate, steps: 100).rate(step: step - 1))
            guard let expected = run.parameters[step] else { continue }
            let found = parameters.flatMap(\.elements)
            #expect(found.count == expected.count)
            for (found, expected) in zip(found, expected) {
                let error = abs(Double(found) - expected) / (1 + abs(expected))
                // Written so that NaN counts as the worst.
                if !(error <= worst) { worst = error.isNaN ? .infinity : error }
            }
        }
        print("adamw      \(run.name)  \(Element.self)  worst \(worst)")
        return worst
    }

    @Test(arguments: [0, 1, 2]) func aHundredStepsInDoubleAreThoseOfPyTorch(run: Int) {
        #expect(worst(Golden.runs[run], Double.self) < 1e-12)
    }

    @Test(arguments: [0, 1, 2]) func aHundredStepsInFloatAreWithinOneInAMillionOfPyTorchs(run: Int) {
        #expect(worst(Golden.runs[run], Float.self) < 1e-6)
    }

    @Test func aStepIsTheSameBitsWithAnyNumberOfThreads() {
        func updated(threads: Int) -> [Float] {
            Parallel.$threads.withValue(threads) {
                var random = RandomGenerator(seed: 3), parameters = [Tensor<Float>(shape: [300, 701], repeating: 1)]
                var optimizer = AdamW<Float>(shapes: [[300, 701]], settings: AdamWSettings())
                let gradients = [Tensor<Float>(shape: [300, 701], (0..<300 * 701).map { _ in Float(random.normal()) })]
                for _ in 0..<2 { optimizer.update(&parameters, gradients: gradients, learningRate: 0.1) }
                return parameters[0].elements
            }
        }
        #expect(updated(threads: 1) == updated(threads: 2))
    }

    @Test func biasesGetNoWeightDecay() {
        var settings = AdamWSettings()
        settings.weightDecay = 0.5
        var random = RandomGenerator(seed: 1)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: 3), random: &random)
        var state = TrainingState(heads: heads, settings: settings)
        let still = state.parameters.map { Tensor<Float>(shape: $0.shape, repeating: 0) }
        state.optimizer.update(&state.parameters, gradients: still, learningRate: 0.1)
        for ((name, before), after) in zip(heads.parameters.named, state.parameters) {
            let expected = name.hasSuffix(".bias") ? before : before * Float(1 - 0.1 * 0.5)
            #expect(zip(expected.elements, after.elements).allSatisfy { abs($0 - $1) <= 1e-7 }, "\(name)")
        }
    }

    @Test func clippingLeavesShortGradientsAloneAndScalesLongOnesToTheLimit() {
        let gradients = [Tensor<Float>(shape: [2], [3, 0]), Tensor<Float>(shape: [1], [-4])]
        let norm = GradientNorm(of: gradients)
        #expect(norm.value == 5)
        #expect(norm.scale(toAtMost: 6) == 1)
        #expect(abs(norm.scale(toAtMost: 1) - 0.2) < 1e-6)
        #expect(norm.scale(toAtMost: nil) == 1)
        // Squares that leave the range of Float.
        #expect(abs(GradientNorm(of: [Tensor<Float>(shape: [2], [3e30, 4e30])]).value / 5e30 - 1) < 1e-6)
        #expect(
            !GradientNorm(of: [Tensor<Float>(shape: [9], Array(repeating: 1, count: 8) + [Float.nan])]).value.isFinite)
    }
}

@Suite struct ScheduleTests {
    @Test func theRateRisesFromZeroToThePeakOverWarmup() {
        for decay in Schedule.Decay.allCases {
            let schedule = Schedule(decay: decay, peak: 2, warmupSteps: 4, steps: 12)
            #expect((0...4).map(schedule.rate) == [0, 0.5, 1, 1.5, 2])
        }
    }

    @Test func afterWarmupTheRateStaysFallsOnALineOrOnACosine() {
        let steps = [4, 6, 8, 12, 20]
        func rates(_ decay: Schedule.Decay) -> [Double] {
            steps.map(Schedule(decay: decay, peak: 2, warmupSteps: 4, steps: 12).rate)
        }
        #expect(rates(.constant) == [2, 2, 2, 2, 2])
        #expect(rates(.linear) == [2, 1.5, 1, 0, 0])
        for (found, expected) in zip(rates(.cosine), [2, 1 + 0.5.squareRoot(), 1, 0, 0]) {
            #expect(abs(found - expected) < 1e-15)
        }
    }

    @Test func withoutWarmupTheFirstStepHasThePeak() {
        #expect(Schedule(decay: .linear, peak: 5e-6, steps: 400).rate(step: 0) == 5e-6)
    }
}
