import AutoDecoHeads
import Decoding
import Foundation
import LogitSketches
import Scoring
import Tensor
@testable import Evaluation

/// Results as an evaluation of 500 problems with 8 seeds would leave them, from a seed.
enum ReportFixture {
    static let seeds = Array(1...8)

    static func estimate(_ mean: Double, _ half: Double = 0.032) -> Estimate {
        Estimate(mean: mean, lower: mean - half, upper: mean + half)
    }

    static func row(
        _ name: String, _ group: EvaluationResults.Group, _ role: EvaluationResults.Role? = nil, _ mean: Double,
        deviation: Double? = 0.009, samples: Int = 32,
        temperature: Double? = nil, topP: Double? = nil, faults: Int = 0
    ) -> EvaluationResults.Row {
        var random = RandomGenerator(seed: UInt64(1000 * mean))
        let rates = deviation.map { deviation in seeds.map { _ in mean + deviation * random.normal() } } ?? [mean]
        return EvaluationResults.Row(
            name: name, group: group, role: role, passAt1: estimate(mean), passAt1OfSeeds: rates,
            deviationOverSeeds: deviation, samplesPerProblem: samples,
            meanLength: 118 + 40 * (0.82 - mean), truncatedShare: 0.004, faults: faults, tokensPerSecond: 5120,
            meanTemperature: temperature, meanTopP: topP)
    }

    static let best = "best static pair (T = 0.5, P = 0.9)"

    static var rows: [EvaluationResults.Row] {
        [
            row("greedy", .knobs, .greedy, 0.704, deviation: nil, samples: 1),
            row("default sampling", .knobs, .defaultSampling, 0.656, temperature: 1, topP: 1),
            row(best, .knobs, .paperPair, 0.812, samples: 64, temperature: 0.5, topP: 0.9),
            row("AutoDeco", .autoDeco, .autoDeco, 0.812, samples: 64, temperature: 0.61, topP: 0.93),
            row("temperature head only", .parts, .temperatureHeadOnly, 0.791, temperature: 0.61, topP: 1),
            row("top-p head only", .parts, .topPHeadOnly, 0.733, temperature: 1, topP: 0.93),
            row("mean shift (T = 0.61, P = 0.93)", .parts, .meanShift, 0.804, temperature: 0.61, topP: 0.93),
            row("min-p 0.1", .baselines, nil, 0.742, temperature: 1, topP: 1),
            row("entropy-driven temperature", .baselines, nil, 0.761, temperature: 0.72, topP: 1),
        ] + filters
    }

    private static var filters: [EvaluationResults.Row] {
        let means = [("joint", [0.811, 0.801, 0.815], 0.61, 0.93), ("released", [0.797, 0.783, 0.802], 0.66, 0.9)]
        return means.flatMap { heads, means, temperature, topP in
            zip(NucleusFilter.allCases, means).map { filter, mean in
                var row = row(
                    "heads of \(heads), \(filter.rawValue)", .filters, nil, mean, samples: 16,
                    temperature: temperature, topP: topP)
                (row.heads, row.filter) = (heads, filter)
                return row
            }
        }
    }

    static func comparison(_ second: String, _ difference: Double, _ half: Double) -> EvaluationResults.Comparison {
        .init(first: "AutoDeco", second: second, difference: estimate(difference, half))
    }

    static var comparisons: [EvaluationResults.Comparison] {
        [
            comparison("greedy", 0.108, 0.021), comparison("default sampling", 0.156, 0.018),
            comparison(best, 0, 0.012),
            comparison("temperature head only", 0.021, 0.011), comparison("top-p head only", 0.079, 0.014),
            comparison("mean shift (T = 0.61, P = 0.93)", 0.008, 0.011), comparison("min-p 0.1", 0.07, 0.016),
            comparison("entropy-driven temperature", 0.051, 0.015),
        ]
    }

    static func point(_ temperature: Double, _ topP: Double, _ mean: Double) -> EvaluationResults.Point {
        .init(pair: StaticPair(temperature: temperature, topP: topP), passAt1: estimate(mean))
    }

    static var tuning: EvaluationResults.Tuning {
        // From the highest to the lowest, as an expert might have gone: the page puts them in order.
        let temperatures = stride(from: 15, through: 0, by: -1).map { tenth in
            let t = Double(tenth) / 10
            return point(t, 1, 0.79 - 0.4 * (t - 0.5) * (t - 0.5) - (t == 0 ? 0.02 : 0))
        }
        let topPs = (1...10).map { point(0.5, Double($0) / 10, 0.815 - 0.14 * pow(Double($0) / 10 - 0.9, 2)) }
        return .init(
            temperatures: temperatures, topPs: topPs, best: StaticPair(temperature: 0.5, topP: 0.9),
            samplesPerProblem: 8)
    }

    static var curves: [EvaluationResults.Curve] {
        func points(_ atOne: Double, _ limit: Double, _ power: Double, half: Double) -> [Estimate] {
            (1...64).map { k in
                let mean = limit - (limit - atOne) * pow(Double(k), -power)
                return Estimate(
                    mean: mean, lower: mean - half * (1.05 - mean) * 4, upper: min(mean + half * (1.05 - mean) * 4, 1))
            }
        }
        let auto = points(0.812, 0.993, 0.72, half: 0.03), static_ = points(0.812, 0.985, 0.66, half: 0.03)
        let above = zip(auto, static_).map { estimate($0.mean - $1.mean, 0.011) }
        return [
            .init(name: "AutoDeco", points: auto, aboveBest: above), .init(name: best, points: static_, aboveBest: nil),
        ]
    }

    static func diagnosis() throws -> TokenDiagnosis {
        var random = RandomGenerator(seed: 7)
        let tokens = (0..<2000).map { number -> TokenObservation in
            let quartile = Double(number % 4), g = random.normal() * (0.1 + quartile / 3),
                v = 0.2 + quartile * random.uniform()
            let δ = 0.25 * g + 0.1 * random.normal()
            return TokenObservation(
                trajectory: number % 40, entropy: quartile + 0.5, inverseTemperature: 1.3 + δ,
                logProbabilityAtOne: -0.75,
                logProbability: -0.7 + g * δ - v * δ * δ / 2, bestLogProbability: -0.7 + g * g / (2 * v),
                atMean: InverseTemperatureResponse(inverseTemperature: 1.3, logProbability: -0.7, slope: g, variance: v)
            )
        }
        return try TokenDiagnosis(of: tokens, mean: 1.3, quartiles: EntropyQuartiles(bounds: [1, 2, 3]))
    }

    static var commands: [EvaluationResults.CommandEffect] {
        [
            .init(command: nil, problems: 100, meanTemperature: 0.612, meanTopP: 0.931),
            .init(
                command: "certain", problems: 100, meanTemperature: 0.607, meanTopP: 0.929,
                temperatureChange: estimate(-0.005, 0.003),
                topPChange: estimate(-0.002, 0.004), temperatureConsistency: 0.61, topPConsistency: 0.53),
            .init(
                command: "diverse", problems: 100, meanTemperature: 0.619, meanTopP: 0.936,
                temperatureChange: estimate(0.007, 0.003),
                topPChange: estimate(0.005, 0.004), temperatureConsistency: 0.64, topPConsistency: 0.58),
        ]
    }

    static func generations(tokens count: Int = 20) -> [EvaluationResults.Generation] {
        (0..<12).map { number in
            var random = RandomGenerator(seed: UInt64(number))
            let words =
                ("3 + 8 = 11 (left : 11 , 25 , 4 ) \n 25 - 11 = 14 (left : 14 , 4 ) \n so 14 * 4 = 56 \n\n answer : "
                + "(25 - (3 + 8)) * 4")
                .split(separator: " ")
            let tokens = (0..<count).map { i in
                EvaluationResults.Generation.Token(
                    text: (i == 0 ? "" : " ") + words[i % words.count], temperature: 0.3 + random.uniform(),
                    topP: 0.75 + 0.25 * random.uniform(),
                    probability: random.uniform(), entropy: 2 * random.uniform())
            }
            return .init(
                method: number < 8 ? "AutoDeco" : "default sampling",
                problem: "Use 3, 8, 25 and 4 to make \(40 + number).",
                prompt: "Use 3, 8, 25 and 4 to make \(40 + number).\n",
                isCorrect: number % 3 != 1, isTruncated: number == 4, tokens: tokens)
        }
    }

    static func complete() throws -> EvaluationResults {
        EvaluationResults(
            model: "countdown-6M", problemFile: "problems/countdown-test.jsonl", problems: 500, seeds: seeds,
            missing: [], rows: rows, tuning: tuning, yardstick: .paperPair,
            comparisons: comparisons, curves: curves, diagnosis: try diagnosis(), commands: commands,
            generations: generations(),
            configuration: "{\n  \"evaluation\" : {\n    \"samples\" : 4\n  }\n}")
    }

    /// What there is before anything but greedy decoding is measured.
    static var barest: EvaluationResults {
        EvaluationResults(
            model: "m", problemFile: "p.jsonl", problems: 1, seeds: [0], missing: [],
            rows: [row("greedy", .knobs, .greedy, 0.7, deviation: nil, samples: 1)],
            tuning: nil, comparisons: [], curves: [], diagnosis: nil, commands: [], generations: [], configuration: "{}"
        )
    }
}
