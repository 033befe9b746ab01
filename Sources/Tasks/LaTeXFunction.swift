import Foundation

/// Functions of one real number. Angles are in radians; a degree sign is dropped before.
enum LaTeXFunction: String {
    case ln = "\\ln", log = "\\log", exp = "\\exp"
    case sin = "\\sin", cos = "\\cos", tan = "\\tan", cot = "\\cot", sec = "\\sec", csc = "\\csc"
    case arcsin = "\\arcsin", arccos = "\\arccos", arctan = "\\arctan"

    /// What an exponent of -1 makes of it, as in `\sin^{-1}`; nil where no inverse is named so.
    var inverse: LaTeXFunction? { LaTeXFunction(rawValue: "\\arc" + rawValue.dropFirst()) }

    /// Its value at `argument`; nil where it has no real one.
    ///
    /// - Parameter base: of ``log``, 10 where it is not written.
    func value(_ argument: LaTeXValue, base: LaTeXValue?) -> LaTeXValue? {
        guard argument.imaginary == 0, base?.imaginary ?? 0 == 0 else { return nil }
        let x = argument.real
        let result =
            switch self {
            case .ln: Foundation.log(x)
            case .log: base.map { Foundation.log(x) / Foundation.log($0.real) } ?? log10(x)
            case .exp: Foundation.exp(x)
            case .sin: Foundation.sin(x)
            case .cos: Foundation.cos(x)
            case .tan: Foundation.tan(x)
            case .cot: 1 / Foundation.tan(x)
            case .sec: 1 / Foundation.cos(x)
            case .csc: 1 / Foundation.sin(x)
            case .arcsin: asin(x)
            case .arccos: acos(x)
            case .arctan: atan(x)
            }
        return result.isFinite ? LaTeXValue(result) : nil
    }
}
