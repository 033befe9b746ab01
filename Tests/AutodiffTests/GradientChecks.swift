import Foundation
import Tensor
import Testing

@testable import Autodiff

/// Random numbers at least `gap` away from each of `kinks`.
private func points(
    _ shape: [Int], _ random: inout RandomGenerator, away kinks: [Double] = [], gap: Double = 0.01, scale: Double = 1
) -> Tensor<Double> {
    Tensor(
        shape: shape,
        (0..<shape.reduce(1, *)).map { _ in
            while true {
                let x = scale * random.normal()
                if kinks.allSatisfy({ abs(x - $0) > gap }) { return x }
            }
        })
}

/// Prints a row of the table that `make gradcheck` shows.
func printRow(_ name: String, _ check: GradientCheck, bar: Double) {
    let title = name.padding(toLength: 40, withPad: " ", startingAt: 0)
    print(
        "gradcheck  \(title) "
            + String(format: "%7d points   worst %.1e   bar %.0e", check.points, check.worstError, bar))
}

@Suite struct GradientChecks {
    typealias Operation = (Tape<Double>, [Variable<Double>]) -> Variable<Double>

    /// Every operation of the tape with inputs away from its kinks.
    static func operations(
        _ random: inout RandomGenerator
    ) -> [(name: String, inputs: [Tensor<Double>], operation: Operation)] {
        let a = points([4, 7], &random), b = points([4, 7], &random), row = points([1, 7], &random),
            column = points([4, 1], &random)
        let positive = Tensor<Double>(shape: [4, 7], a.elements.map { abs($0) + 0.1 })
        let divisor = Tensor<Double>(shape: [4, 1], column.elements.map { abs($0) + 0.3 })
        let columns = (0..<4).map { _ in (0..<3).map { _ in Int(random.next() % 7) } }
        let weights = points([4, 7], &random)
        return [
            ("matrix product", [a, points([7, 5], &random)], { $1[0].matrixProduct($1[1]) }),
            (
                "linear layer", [a, points([3, 7], &random), points([3], &random)],
                { $0.linear($1[0], weight: $1[1], bias: $1[2]) }
            ),
            (
                "linear layer of three inputs",
                [a, column, points([4, 2], &random), points([3, 10], &random), points([3], &random)],
                { $0.linear($1[0], $1[1], $1[2], weight: $1[3], bias: $1[4]) }
            ),
            ("bias", [a, row], { $1[0] + $1[1] }),
            ("relu", [points([4, 7], &random, away: [0])], { $1[0].relu() }),
            ("sigmoid", [a], { $1[0].sigmoid() }),
            ("scale", [a], { $1[0] * -1.7 }),
            ("add", [a, b], { $1[0] + $1[1] }),
            ("add a constant", [a], { $1[0] + 0.3 }),
            ("subtract", [a, b], { $1[0] - $1[1] }),
            ("subtract a value per row", [a, column], { $1[0] - $1[1] }),
            ("multiply", [a, b], { $1[0] * $1[1] }),
            ("multiply by a value per row", [a, column], { $1[0] * $1[1] }),
            ("divide by a value per row", [a, divisor], { $1[0] / $1[1] }),
            ("clamp", [points([4, 7], &random, away: [-0.5, 0.8])], { $1[0].clamped(to: -0.5...0.8) }),
            ("softmax", [a], { $1[0].softmax() }),
            ("log softmax", [a], { $1[0].logSoftmax() }),
            (
                "descending sort", [Tensor(shape: [3, 6], random.permutation(18).map { Double($0) / 7 })],
                { $1[0].sortedDescending().sorted }
            ),
            ("inclusive cumulative sum", [a], { $1[0].cumulativeSum() }),
            ("exponential", [a], { $1[0].exp() }),
            ("logarithm", [positive], { $1[0].log() }),
            ("gather", [a], { $1[0].gathered(columns: columns) }),
            ("a range of columns", [a], { $1[0].columns(1..<3) }),
            ("concatenation of columns", [a, column, b], { $0.concatenatedColumns($1) }),
            ("row sums", [a], { $1[0].rowSums() }),
            ("weighted mean", [a], { $1[0].weightedMean(weights: weights, count: 9) }),
            ("a variable used twice", [a], { $1[0] * $1[0].sigmoid() + $1[0] }),
        ]
    }

    @Test func gradcheckOfEveryOperationIsWithinOneInAMillion() {
        var random = RandomGenerator(seed: 40), table: [(name: String, check: GradientCheck)] = []
        for _ in 0..<5 {
            for (name, inputs, operation) in Self.operations(&random) {
                let check = GradientCheck(inputs: inputs, operation)
                if let index = table.firstIndex(where: { $0.name == name }) {
                    table[index].check = table[index].check.merged(with: check)
                } else {
                    table.append((name, check))
                }
            }
        }
        for (name, check) in table {
            printRow(name, check, bar: 1e-6)
            let place = "input \(check.worstInput), element \(check.worstElement)"
            #expect(
                check.worstError <= 1e-6,
                "\(name): \(place): \(check.analytic) by the tape, \(check.numeric) by differences")
        }
    }

    /// The check itself: a derivative that is wrong by 1 in 1,000, and one that is forgotten, are both found.
    @Test func gradcheckFindsAWrongDerivative() {
        var random = RandomGenerator(seed: 41)
        let x = points([2, 3], &random)
        let wrong = GradientCheck(inputs: [x]) { tape, inputs in
            tape.record(inputs[0].value.exponential(), from: [inputs[0]]) { gradient, sinks in
                sinks[0].add(gradient * inputs[0].value.exponential() * 1.001)
            }
        }
        #expect(wrong.worstError > 9e-4 && wrong.worstError < 1.1e-3)
        let forgotten = GradientCheck(inputs: [x]) { _, inputs in inputs[0] * inputs[0].detached }
        #expect(forgotten.worstError > 0.4)
        let oneElement = GradientCheck(inputs: [x]) { tape, inputs in
            tape.record(inputs[0].value * 2, from: [inputs[0]]) { gradient, sinks in
                var g = gradient * 2
                g[4] = -g[4]
                sinks[0].add(g)
            }
        }
        #expect(oneElement.worstElement == 4 && oneElement.worstInput == 0 && abs(oneElement.worstError - 2) < 1e-6)
    }
}
