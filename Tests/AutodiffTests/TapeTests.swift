import Tensor
import Testing

@testable import Autodiff

private func gradient(_ x: [Double], _ operation: (Variable<Double>) -> Variable<Double>) -> [Double] {
    let tape = Tape<Double>(), variable = tape.parameter(Tensor(shape: [1, x.count], x))
    return tape.gradients(of: operation(variable))[variable].elements
}

@Suite struct TapeTests {
    @Test func reluHasNoGradientAtZero() {
        #expect(gradient([-1, 0, 2]) { $0.relu() } == [0, 0, 1])
    }

    @Test func clampPassesTheGradientAtItsBounds() {
        #expect(gradient([-2, -1, 0, 1, 2]) { $0.clamped(to: -1...1) } == [0, 1, 1, 1, 0])
    }

    @Test func sortingEqualElementsKeepsTheirOrder() {
        let tape = Tape<Double>(), x = tape.parameter(Tensor(shape: [1, 4], [5, 7, 5, 7]))
        let (sorted, order) = x.sortedDescending()
        #expect(order == [[1, 3, 0, 2]])
        let weighted = sorted * tape.constant(Tensor(shape: [1, 4], [1, 10, 100, 1000]))
        #expect(tape.gradients(of: weighted)[x].elements == [100, 1, 1000, 10])
    }

    @Test func anElementGatheredTwiceGetsBothGradients() {
        #expect(gradient([1, 2, 3]) { $0.gathered(columns: [[2, 0, 2]]) } == [1, 0, 2])
    }

    @Test func detachedValuesPassNoGradient() {
        #expect(gradient([3]) { $0 * $0.detached } == [3])
    }

    @Test func constantsCostNoPullback() {
        let tape = Tape<Double>(), a = tape.constant(Tensor(shape: [1, 1], [2])),
            b = tape.constant(Tensor(shape: [1, 1], [3]))
        let product = a * b
        #expect(tape.entries.allSatisfy { $0.pullback == nil && !$0.needsGradient })
        #expect(tape.gradients(of: product)[a] == Tensor(shape: [1, 1], [0]))
    }

    @Test func anUnusedParameterHasGradientZero() {
        let tape = Tape<Float>(), a = tape.parameter(Tensor(shape: [2, 2], repeating: 1)),
            b = tape.parameter(Tensor(shape: [1, 3], repeating: 1))
        #expect(tape.gradients(of: a.rowSums())[b] == Tensor(shape: [1, 3], repeating: 0))
    }

    @Test func oneTapeGivesGradientsOfSeveralOutputs() {
        let tape = Tape<Double>(), x = tape.parameter(Tensor(shape: [1, 1], [3]))
        let square = x * x, cube = square * x
        #expect(tape.gradients(of: square)[x][0] == 6)
        #expect(tape.gradients(of: cube)[x][0] == 27)
        #expect(tape.gradients(of: square)[x][0] == 6)
    }

    @Test func weightedMeanDividesByTheCountAndIgnoresWhatHasNoWeight() {
        let tape = Tape<Double>(), x = tape.parameter(Tensor(shape: [3, 1], [2, .infinity, 5]))
        let mean = x.weightedMean(weights: Tensor(shape: [3, 1], [0.5, 0, 2]), count: 4)
        #expect(mean.value[0] == 11.0 / 4)
        #expect(tape.gradients(of: mean)[x].elements == [0.125, 0, 0.5])
        #expect(x.weightedMean(weights: Tensor(shape: [3, 1], repeating: 0), count: 0).value[0] == 0)
    }

    @Test func dividingAnImpossibleLogitLeavesTheDivisorsGradientFinite() {
        let tape = Tape<Double>(), l = tape.constant(Tensor(shape: [1, 3], [1, -.infinity, 2])),
            T = tape.parameter(Tensor(shape: [1, 1], [0.5]))
        let p = (l / T).softmax().gathered(columns: [[0]])
        let q = 1 / (1 + 2.718281828459045 * 2.718281828459045)
        // d/dT softmax(l/T)₀ = −p₀·(l₀ − Σ p·l)/T²
        #expect(abs(p.value[0] - q) < 1e-15)
        #expect(abs(tape.gradients(of: p)[T][0] - q * (1 - q) / 0.25) < 1e-14)
    }
}
