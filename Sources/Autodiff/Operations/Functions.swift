import Tensor

// Functions of single elements.

extension Variable {
    /// max(x, 0), with derivative 0 at x = 0.
    public func relu() -> Variable {
        let x = value
        return record(x.relu()) { gradient, input in input.add(gradient.zeroed(whereNotPositive: x)) }
    }

    /// σ(x) = 1 / (1 + e^-x).
    public func sigmoid() -> Variable {
        let y = value.sigmoid()
        // σ′ = σ·(1 − σ)
        return record(y) { gradient, input in input.add(gradient * (y - y * y)) }
    }

    /// e^x of each element.
    public func exp() -> Variable {
        let y = value.exponential()
        return record(y) { gradient, input in input.add(gradient * y) }
    }

    /// Natural logarithm; −∞ at 0.
    public func log() -> Variable {
        let x = value
        return record(x.logarithm()) { gradient, input in input.add(gradient / x) }
    }

    /// Elements outside the range become its nearest bound, and pass no gradient; at a bound they do.
    public func clamped(to range: ClosedRange<Element>) -> Variable {
        let x = value
        return record(x.clamped(to: range)) { gradient, input in
            input.add(gradient.zeroed(where: x, isOutside: range))
        }
    }
}
