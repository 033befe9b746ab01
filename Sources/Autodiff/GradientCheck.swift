import Tensor

/// Holds an operation's derivative against central differences in Double.
public struct GradientCheck: Sendable {
    /// Number of input elements that were varied.
    public var points = 0
    /// Largest of |a − n| / max(1e-3 · largest |n|, |a|, |n|) over all elements, a the tape's derivative and n the
    /// numeric one; the first term keeps elements whose derivative is nearly 0 from being judged by their rounding.
    public var worstError = 0.0
    /// Where that was: number of the input, and of its element.
    public var worstInput = 0
    /// Number of the element within that input, in row-major order.
    public var worstElement = 0
    /// The tape's derivative there.
    public var analytic = 0.0
    /// The numeric derivative there.
    public var numeric = 0.0

    /// A check of no points; ``points`` is 0 and ``worstError`` is 0.
    public init() {}

    /// Checks `operation` at the given inputs by all their elements.
    ///
    /// The result is made a single number by a fixed random weighting of its elements. Differences are of fourth order:
    /// `(8·(f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h`, so an input should be further than 2h from any kink.
    ///
    /// - Parameters:
    ///   - inputs: values of the operation's inputs.
    ///   - step: h, relative to max(1, |x|).
    ///   - seed: of the weighting.
    public init(
        inputs: [Tensor<Double>], step: Double = 1e-4, seed: UInt64 = 0,
        _ operation: (Tape<Double>, [Variable<Double>]) -> Variable<Double>
    ) {
        var weights: Tensor<Double>?
        func weighted(_ output: Tensor<Double>) -> Tensor<Double> {
            if weights == nil {
                var random = RandomGenerator(seed: seed, stream: 0x6772_6164)
                weights = Tensor(shape: output.shape, (0..<output.count).map { _ in random.normal() })
            }
            return weights!
        }
        func value(_ inputs: [Tensor<Double>]) -> Double {
            let tape = Tape<Double>()
            let output = operation(tape, inputs.map { tape.constant($0) }).value
            return (output * weighted(output)).sum()
        }

        let tape = Tape<Double>(), variables = inputs.map { tape.parameter($0) }
        let output = operation(tape, variables)
        let gradients = tape.gradients(of: output * tape.constant(weighted(output.value)))

        var numeric: [[Double]] = []
        for (number, input) in inputs.enumerated() {
            numeric.append(
                (0..<input.count).map { element in
                    let x = input[element], h = step * max(1, abs(x))
                    func shifted(_ by: Double) -> Double {
                        var inputs = inputs
                        inputs[number][element] = x + by
                        return value(inputs)
                    }
                    return (8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h)
                })
        }
        let floor = 1e-3 * (numeric.joined().map { abs($0) }.max() ?? 0)
        for (number, variable) in variables.enumerated() {
            let analytic = gradients[variable]
            for (element, n) in numeric[number].enumerated() {
                let a = analytic[element], difference = abs(a - n)
                // Written so that NaN counts as the worst.
                let error = difference == 0 ? 0 : difference.isNaN ? .infinity : difference / max(floor, abs(a), abs(n))
                points += 1
                if error > worstError {
                    (worstError, worstInput, worstElement, self.analytic, self.numeric) = (error, number, element, a, n)
                }
            }
        }
    }

    /// Both checks' points together, and the worse of the two.
    public func merged(with other: GradientCheck) -> GradientCheck {
        var result = worstError >= other.worstError ? self : other
        result.points = points + other.points
        return result
    }
}
