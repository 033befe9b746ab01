import Tensor

/// A reverse-mode tape: it remembers every operation that made a value, and walks back through them to find the
/// derivative of one result by all variables it depends on.
///
/// A class because all variables of one computation share it. One tape serves one computation on one thread; make a new
/// one for each step.
public final class Tape<Element: Scalar> {
    /// One recorded value. `pullback` hands the gradient of the value on to those it was made from.
    struct Entry {
        var shape: [Int]
        var needsGradient: Bool
        var pullback: ((Tensor<Element>, Gradients<Element>) -> Void)?
    }

    var entries: [Entry] = []

    /// An empty tape.
    public init() {}

    /// A value that gradients are wanted for.
    public func parameter(_ value: Tensor<Element>) -> Variable<Element> {
        append(value, needsGradient: true, pullback: nil)
    }

    /// A value that no gradient flows into; operations do not compute one.
    public func constant(_ value: Tensor<Element>) -> Variable<Element> {
        append(value, needsGradient: false, pullback: nil)
    }

    /// Records the result of an operation on `parents`.
    ///
    /// - Parameter pullback: called with the gradient of the result, and for each parent a sink to add that parent's
    ///   share to. Not called where no gradient arrives or none is needed.
    public func record(
        _ value: Tensor<Element>, from parents: [Variable<Element>],
        pullback: @escaping (Tensor<Element>, [GradientSink<Element>]) -> Void
    ) -> Variable<Element> {
        let indices = parents.map { parent in
            require(parent.tape === self, "an operation mixes variables of two tapes")
            return parent.index
        }
        guard indices.contains(where: { entries[$0].needsGradient }) else { return constant(value) }
        return append(value, needsGradient: true) { gradient, gradients in
            pullback(gradient, indices.map { GradientSink(gradients: gradients, index: $0) })
        }
    }

    /// Gradients of the sum of all elements of `output`, by every variable that it depends on.
    public func gradients(of output: Variable<Element>) -> Gradients<Element> {
        let gradients = Gradients(entries: entries)
        gradients.add(Tensor(shape: output.value.shape, repeating: 1), to: output.index)
        for index in stride(from: output.index, through: 0, by: -1) {
            guard let pullback = entries[index].pullback, let gradient = gradients.take(index) else { continue }
            pullback(gradient, gradients)
        }
        return gradients
    }

    private func append(
        _ value: Tensor<Element>, needsGradient: Bool, pullback: ((Tensor<Element>, Gradients<Element>) -> Void)?
    ) -> Variable<Element> {
        entries.append(Entry(shape: value.shape, needsGradient: needsGradient, pullback: pullback))
        return Variable(value: value, tape: self, index: entries.count - 1)
    }
}

/// A value on a tape. Operations on variables are methods and operators in `Operations/`.
public struct Variable<Element: Scalar> {
    /// The value itself.
    public let value: Tensor<Element>
    let tape: Tape<Element>
    let index: Int

    /// The same value as a constant: no gradient flows back through it.
    public var detached: Variable { tape.constant(value) }

    func record(
        _ value: Tensor<Element>, pullback: @escaping (Tensor<Element>, GradientSink<Element>) -> Void
    ) -> Variable {
        tape.record(value, from: [self]) { gradient, sinks in pullback(gradient, sinks[0]) }
    }

    func record(
        _ value: Tensor<Element>, with other: Variable,
        pullback: @escaping (Tensor<Element>, GradientSink<Element>, GradientSink<Element>) -> Void
    ) -> Variable {
        tape.record(value, from: [self, other]) { gradient, sinks in pullback(gradient, sinks[0], sinks[1]) }
    }
}
