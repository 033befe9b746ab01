import Tensor

// Element-wise arithmetic. The right operand may be a single row [1, C] (a bias), a single column [R, 1] (a value per
// row) or a single number beside a left operand of [R, C]; its gradient is then summed over what was repeated.

extension Variable {
    /// Element-wise sum.
    public static func + (a: Variable, b: Variable) -> Variable {
        a.record(a.value + b.value, with: b) { gradient, a, b in
            a.add(gradient)
            b.add(gradient)
        }
    }

    /// Element-wise difference.
    public static func - (a: Variable, b: Variable) -> Variable {
        a.record(a.value - b.value, with: b) { gradient, a, b in
            a.add(gradient)
            b.add(gradient * -1)
        }
    }

    /// Element-wise product.
    public static func * (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return a.record(x * y, with: b) { gradient, a, b in
            a.add(gradient * y)
            b.add(gradient * x)
        }
    }

    /// Quotient. In the derivative by the divisor an infinite dividend without a gradient counts as nothing
    /// (0·−∞ = 0): that is a logit which stands for an impossible token.
    public static func / (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return a.record(x / y, with: b) { gradient, a, b in
            // d(x/y) = dx/y − x·dy/y²
            a.add(gradient / y)
            b.add(((x / y) / y).zeroed(whereZero: gradient) * gradient * -1)
        }
    }

    /// Product of each element and a constant number.
    public static func * (a: Variable, factor: Element) -> Variable {
        a.record(a.value * factor) { gradient, a in a.add(gradient * factor) }
    }

    /// Sum of each element and a constant number.
    public static func + (a: Variable, constant: Element) -> Variable {
        a.record(a.value + constant) { gradient, a in a.add(gradient) }
    }

    /// The negative of each element.
    public static prefix func - (a: Variable) -> Variable { a * -1 }
}
