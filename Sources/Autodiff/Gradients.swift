import Tensor

/// The gradients of one backward pass, by variable. A class because every operation's pullback adds to it.
public final class Gradients<Element: Scalar> {
    private let entries: [Tape<Element>.Entry]
    private var sums: [Tensor<Element>?]

    init(entries: [Tape<Element>.Entry]) {
        self.entries = entries
        sums = Array(repeating: nil, count: entries.count)
    }

    /// Gradient by a parameter; zeros where the output does not depend on it.
    public subscript(variable: Variable<Element>) -> Tensor<Element> {
        sums[variable.index] ?? Tensor(shape: variable.value.shape, repeating: 0)
    }

    func isNeeded(_ index: Int) -> Bool { entries[index].needsGradient }

    /// Adds a contribution. Where the operation repeated a row, a column or a number, the contribution has the larger
    /// shape, and is summed over what was repeated.
    func add(_ contribution: Tensor<Element>, to index: Int) {
        let contribution = contribution.summed(toShape: entries[index].shape)
        if sums[index] == nil { sums[index] = contribution } else { sums[index]!.add(contribution) }
    }

    /// The gradient of an inner value, which is given up when it is handed on.
    func take(_ index: Int) -> Tensor<Element>? {
        defer { sums[index] = nil }
        return sums[index]
    }
}

/// Where an operation's pullback puts the gradient of one of its inputs.
public struct GradientSink<Element: Scalar> {
    let gradients: Gradients<Element>
    let index: Int

    /// Adds a contribution, which is computed only if the input needs a gradient.
    public func add(_ contribution: @autoclosure () -> Tensor<Element>) {
        if gradients.isNeeded(index) { gradients.add(contribution(), to: index) }
    }
}
