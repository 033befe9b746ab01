import Foundation

/// A fraction in lowest terms, denominator above 0. Operations give nil where 128 bits do not suffice, or a division is
/// by 0.
struct Rational: Equatable {
    let numerator: Int128, denominator: Int128

    init?(_ numerator: Int128, _ denominator: Int128 = 1) {
        guard denominator != 0, numerator != .min, denominator != .min else { return nil }
        var (a, b) = (abs(numerator), abs(denominator))
        while b != 0 { (a, b) = (b, a % b) }
        self.numerator = numerator / a * denominator.signum()
        self.denominator = abs(denominator) / a
    }

    /// A decimal such as `12.50` or `1.5e-3`.
    init?(decimal text: String) {
        let halves = text.split(separator: "e", omittingEmptySubsequences: false)
        let parts = (halves.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count <= 2, parts.count <= 2, let digits = Int128(parts.joined()) else { return nil }
        guard let exponent = halves.count == 2 ? Int(halves[1]) : 0, exponent.magnitude <= 100 else { return nil }
        let power = exponent - (parts.count == 2 ? parts[1].count : 0)
        guard let scale = Self.powerOfTen(Int(power.magnitude)), let whole = Rational(digits),
            let value = power < 0 ? Rational(digits, scale.numerator) : whole.times(scale)
        else { return nil }
        self = value
    }

    /// 10^`exponent`, from 0 up to 38.
    static func powerOfTen(_ exponent: Int) -> Rational? {
        guard 0...38 ~= exponent else { return nil }
        return Rational((0..<exponent).reduce(1) { power, _ in power * 10 })
    }

    /// "n choose k" of whole numbers from 0 up to 1,000.
    static func binomial(_ n: Rational, _ k: Rational) -> Rational? {
        guard n.denominator == 1, k.denominator == 1, 0...1000 ~= n.numerator, 0...n.numerator ~= k.numerator else {
            return nil
        }
        var result = Rational(1)
        for step in 0..<min(k.numerator, n.numerator - k.numerator) {
            result = Rational(n.numerator - step, step + 1).flatMap { result?.times($0) }
        }
        return result
    }

    var double: Double { Double(numerator) / Double(denominator) }

    func plus(_ other: Rational) -> Rational? {
        guard let a = Self.product(numerator, other.denominator), let b = Self.product(other.numerator, denominator),
            let c = Self.product(denominator, other.denominator)
        else { return nil }
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? nil : Rational(sum, c)
    }

    func times(_ other: Rational) -> Rational? {
        guard let a = Self.product(numerator, other.numerator), let b = Self.product(denominator, other.denominator)
        else { return nil }
        return Rational(a, b)
    }

    var inverse: Rational? { Rational(denominator, numerator) }

    func power(_ exponent: Int) -> Rational? {
        guard let base = exponent < 0 ? inverse : self, exponent.magnitude <= 1000 else { return nil }
        var result = Rational(1)
        for _ in 0..<exponent.magnitude { result = result?.times(base) }
        return result
    }

    /// The root of a fraction from 0 up where it is a fraction itself.
    func root(_ degree: Int) -> Rational? {
        guard numerator >= 0, let p = Self.root(numerator, degree), let q = Self.root(denominator, degree) else {
            return nil
        }
        return Rational(p, q)
    }

    private static func root(_ whole: Int128, _ degree: Int) -> Int128? {
        let near = Int128(exp2(log2(max(Double(whole), 1)) / Double(degree)).rounded())
        return [near, near + 1, near - 1].first { Rational($0)?.power(degree)?.numerator == whole }
    }

    private static func product(_ a: Int128, _ b: Int128) -> Int128? {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : product
    }
}
