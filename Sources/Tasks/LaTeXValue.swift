import Foundation

/// A number: exact where all its parts are rational, else complex in double precision.
struct LaTeXValue {
    let exact: Rational?
    let real: Double, imaginary: Double

    init(_ exact: Rational) { (self.exact, real, imaginary) = (exact, exact.double, 0) }
    init(_ real: Double, _ imaginary: Double = 0) { (exact, self.real, self.imaginary) = (nil, real, imaginary) }

    /// Fractions are equal exactly, others to 11 digits; what rounding leaves of a 0, 1e-14, is 0.
    func equals(_ other: LaTeXValue) -> Bool {
        if let a = exact, let b = other.exact { return a == b }
        let size = max(magnitude, other.magnitude)
        let isZero = exact?.numerator == 0 || other.exact?.numerator == 0
        return hypot(real - other.real, imaginary - other.imaginary) <= (isZero ? 1e-14 : 1e-11 * size)
    }

    var magnitude: Double { hypot(real, imaginary) }

    // An exact result that 128 bits cannot hold is none: in double precision 10^40 and 10^40+1 would be the same.

    func plus(_ other: LaTeXValue) -> LaTeXValue? {
        if let a = exact, let b = other.exact { return a.plus(b).map { LaTeXValue($0) } }
        return LaTeXValue(real + other.real, imaginary + other.imaginary).finite
    }

    func times(_ other: LaTeXValue) -> LaTeXValue? {
        if let a = exact, let b = other.exact { return a.times(b).map { LaTeXValue($0) } }
        return LaTeXValue(
            real * other.real - imaginary * other.imaginary, real * other.imaginary + imaginary * other.real
        ).finite
    }

    var negated: LaTeXValue? { Rational(-1).flatMap { times(LaTeXValue($0)) } }

    func divided(by other: LaTeXValue) -> LaTeXValue? {
        if let b = other.exact { return b.inverse.flatMap { times(LaTeXValue($0)) } }
        let square = other.real * other.real + other.imaginary * other.imaginary
        return times(LaTeXValue(other.real / square, -other.imaginary / square))
    }

    /// The principal root; odd roots of negative numbers are negative.
    func root(_ degree: Int) -> LaTeXValue? {
        guard 2...64 ~= degree else { return nil }
        if let root = exact?.root(degree) { return LaTeXValue(root) }
        if imaginary == 0, real < 0, degree % 2 == 1 { return negated?.root(degree)?.negated }
        let size = pow(magnitude, 1 / Double(degree)), angle = atan2(imaginary, real) / Double(degree)
        if imaginary == 0, real < 0, degree == 2 { return LaTeXValue(0, size).finite }
        return LaTeXValue(size * cos(angle), size * sin(angle)).finite
    }

    func power(_ exponent: LaTeXValue) -> LaTeXValue? {
        if let rational = exponent.exact, rational.denominator <= 64, let p = Int(exactly: rational.numerator) {
            guard p.magnitude <= 1000 else { return nil }
            if rational.denominator > 1 { return root(Int(rational.denominator))?.whole(p) }
            return whole(p)
        }
        guard imaginary == 0, real > 0 else { return nil }
        if exponent.imaginary == 0 { return LaTeXValue(pow(real, exponent.real)).finite }
        let size = pow(real, exponent.real), angle = exponent.imaginary * log(real)
        return LaTeXValue(size * cos(angle), size * sin(angle)).finite
    }

    private func whole(_ exponent: Int) -> LaTeXValue? {
        if let exact { return exact.power(exponent).map { LaTeXValue($0) } }
        var result: LaTeXValue? = LaTeXValue(1)
        for _ in 0..<exponent.magnitude { result = result?.times(self) }
        return exponent < 0 ? result.flatMap { LaTeXValue(1).divided(by: $0) } : result
    }

    /// Nil where it is too large for double precision.
    private var finite: LaTeXValue? { magnitude.isFinite ? self : nil }
}
