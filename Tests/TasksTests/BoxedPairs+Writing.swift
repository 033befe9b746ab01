import Foundation

extension BoxedPairs {
    /// One of the ways in which a value can be written.
    mutating func written(_ value: Value, _ kind: Kind) -> String {
        let n = value.numbers, words = value.words
        switch kind {
        case .number: return whole(n[0])
        case .decimal: return decimal(n[0], Int(words[0]) ?? 1)
        case .fraction: return fraction(n[0], n[1])
        case .fractions:
            return "(" + signedFraction(n[0], n[1]) + choice([",", ", "]) + signedFraction(n[2], n[3]) + ")"
        case .nested: return nested(n[0], n[1])
        case .root: return root(n[0], n[1], degree: words[0])
        case .sum: return sum(n[0], n[1], n[2])
        case .tuple:
            let (open, close) = choice([("(", ")"), (#"\left("#, #"\right)"#), (#"\bigl( "#, #" \bigr)"#)])
            return open + elements(n).joined(separator: choice([",", ", ", #",\,"#, " , ", "; "])) + close
        case .set:
            let (open, close) = choice([(#"\{"#, #"\}"#), (#"\left\{"#, #"\right\}"#), (#"\lbrace "#, #"\rbrace"#)])
            return open + elements(n).shuffled(using: &random).joined(separator: choice([",", ", "])) + close
        case .list: return list(n)
        case .interval: return interval(elements(n), words)
        case .ray: return ray(n[0], n[1], words)
        case .mixed: return mixed(n[0], n[1], n[2])
        case .percent: return whole(n[0]) + choice(["", #"\%"#, "%", #" \%"#, #"\text{ percent}"#, " percent"])
        case .degrees:
            return whole(n[0]) + choice(["", #"^\circ"#, #"^{\circ}"#, "°", #"\degree"#, #"\text{ degrees}"#])
        case .unit: return whole(n[0]) + choice(Self.units[words[0]] ?? [])
        case .plusMinus: return plusMinus(n[0])
        case .text: return text(words[0], n[0])
        }
    }

    /// Each unit's ways to be written, and to be left out.
    static let units = [
        "km": ["", #"\text{ km}"#, #"\,\mathrm{km}"#, " km", #"\text{ kilometers}"#, #"\ \text{kilometres}"#],
        "cm²": ["", #"\text{ cm}^2"#, #"\,\mathrm{cm}^{2}"#, #"\text{ square centimeters}"#, " cm^2"],
        "apple": ["", #"\text{ apples}"#, #"\text{ apple}"#, #"\mbox{ apples}"#, #"\textrm{ apples}"#],
        "kg": ["", #"\text{ kg}"#, #"\,\mathrm{kg}"#, #"\text{ kilograms}"#, " kg"],
        "h": ["", #"\text{ hours}"#, #"\text{ h}"#, #"\text{ hour}"#, " hours", #"\textrm{ hr}"#],
        "m³": ["", #"\text{ m}^3"#, #"\,\mathrm{m}^3"#, #"\text{ cubic meters}"#, #"\text{ m}^{3}"#],
        "km/h": ["", #"\text{ km/h}"#, #"\text{ km per hour}"#, #"\text{ kilometers per hour}"#, #"\,\mathrm{km/h}"#],
    ]

    private func grouped(_ n: Int, _ separator: String) -> String {
        n < 1000 ? String(n) : grouped(n / 1000, separator) + separator + String(format: "%03d", n % 1000)
    }

    private mutating func whole(_ n: Int, allowsCommas: Bool = true) -> String {
        let plain = String(abs(n))
        var forms = [plain, plain, abs(n) > 9 ? "0" + plain : plain, plain + ".0", plain + "."]
        if abs(n) >= 1000 {
            forms += [grouped(abs(n), "{,}"), grouped(abs(n), #"\,"#)]
            if allowsCommas { forms += [grouped(abs(n), ","), grouped(abs(n), #",\!"#)] }
            if n % 10 == 0 {
                let mantissa = "\(abs(n) / 1000).\(String(format: "%03d", abs(n) % 1000))"
                forms += [mantissa + "e3", mantissa + #"\times 10^3"#, mantissa + #" \cdot 10^{{3}}"#]
            }
        }
        return (n < 0 ? choice(["-", "−", "–"]) : "") + choice(forms)
    }

    /// Numbers that stand in brackets, where a comma separates.
    private mutating func elements(_ all: [Int]) -> [String] { all.map { whole($0, allowsCommas: false) } }

    /// A whole number from 0 up as it stands in fractions and roots.
    private mutating func digits(_ n: Int) -> String {
        choice(["\(n)", "\(n)", "{\(n)}", "{{\(n)}}", "\\,\(n)", "\(n) "])
    }

    private mutating func decimal(_ n: Int, _ places: Int) -> String {
        let above = abs(n), power = [1, 10, 100, 1000, 10_000][places]
        let rest = String(String(power + above % power).dropFirst())
        var forms = [
            "\(above / power).\(rest)", "\(above / power).\(rest)0", "{\(above / power).\(rest)}",
            "\\frac{\(above)}{\(power)}", grouped(above / power, ",") + "." + rest,
            grouped(above / power, "{,}") + "." + rest, "\(above)e-\(places)", "\(above)\\times 10^{-\(places)}",
            "\(above) \\cdot 10^{-\(places)}",
        ]
        if above < power { forms.append("." + rest) }
        return (n < 0 ? "-" : "") + choice(forms)
    }

    private mutating func fraction(_ a: Int, _ b: Int) -> String {
        var forms = [#"\frac"#, #"\dfrac"#, #"\tfrac"#, #"\nicefrac"#].map {
            $0 + "{" + digits(a) + "}{" + digits(b) + "}"
        }
        forms += ["\(a)/\(b)", "\\frac{\(3 * a)}{\(3 * b)}", "\(a) \\div \(b)", "{\(a) \\over \(b)}", "\(a)\\over\(b)"]
        if a < 10, b < 10 { forms += ["\\frac\(a)\(b)", "\\frac \(a) \(b)", "\\frac{\(a)}\(b)"] }
        return choice(forms)
    }

    private mutating func signedFraction(_ above: Int, _ b: Int) -> String {
        let a = abs(above), minus = above < 0 ? "-" : ""
        return choice([
            "\(minus)\\frac{\(a)}{\(b)}", "\\frac{\(minus)\(a)}{\(b)}", "\(minus)\(a)/\(b)",
            "\(minus)\\dfrac{ \(a) }{ \(b) }", "\(minus)\\left(\\frac{\(a)}{\(b)}\\right)",
            "\(minus)\\frac{{\(a)}}{{\(b)}}", "\(minus){\\frac{\(a)}{\(b)}}", "\\frac{\(-above)}{-\(b)}",
            "\(minus){\(a) \\over \(b)}", "\(minus)\\frac{\(a)}{1}\\cdot\\frac1{\(b)}",
        ])
    }

    /// A fraction of fractions, in braces of braces.
    private mutating func nested(_ a: Int, _ b: Int) -> String {
        let k = draw(2...9)
        return choice([
            "{{\\frac{\(a)}{\(b)}}}", "\\frac{\\frac{\(a)}{\(k)}}{\\frac{\(b)}{\(k)}}", "\\frac{{\(a)}}{{{\(b)}}}",
            "\\left(\\left(\(a)\\right)/{\(b)}\\right)", "\\frac{\(a)}{\(b)^{1}}", "\(a)\\cdot \(b)^{-1}",
            "\\frac{\(a)}{\\sqrt{\(b * b)}}", "{\(a)}/{(\(b))}", "\\dfrac{\(a)\\cdot\(k)}{\(k)\\cdot\(b)}",
        ])
    }

    private mutating func root(_ outer: Int, _ inner: Int, degree: String) -> String {
        let name = degree == "2" ? #"\sqrt"# : "\\sqrt[3]", shown = outer == 1 ? "" : String(outer)
        let root = name + "{" + digits(inner) + "}", power = degree == "2" ? outer * outer : outer * outer * outer
        return choice([
            shown + root, "\(outer)\\cdot \(root)", "\(name){\(power * inner)}", "\(root)\\times\(outer)",
            "\(shown)\\left(\(root)\\right)", "\(outer) {\(root)}", "\\frac{\(outer * 2)\(root)}{2}",
            "\(outer)*\(inner)^{1/\(degree)}",
        ])
    }

    /// A number and a root, in either order.
    private mutating func sum(_ n: Int, _ outer: Int, _ inner: Int) -> String {
        let root = #"\sqrt{"# + digits(inner) + "}", shown = outer == 1 ? "" : String(outer)
        return choice([
            "\(n)+\(shown)\(root)", "\(shown)\(root)+\(n)", "\(n) + \(outer)\\cdot\(root)",
            "\\sqrt{\(outer * outer * inner)} + \(n)", "\\frac{\(2 * n)+\(2 * outer)\(root)}{2}",
            "\(n)-(-\(outer))\(root)", "\\left(\(n)+\(shown)\(root)\\right)", "\(n)+\(outer * inner)/\(root)",
            "\(n) + \\frac{\(outer * inner)}{\(root)}", "\(n)+\(outer)(\(inner))^{1/2}", "{\(n)}+{\(shown)\(root)}",
        ])
    }

    /// Numbers without brackets, in any order.
    private mutating func list(_ all: [Int]) -> String {
        let elements = all.map(String.init).shuffled(using: &random)
        let separator = choice([", ", " , ", ",\\ ", ",\\;", "; ", "., "])
        let joined = elements.joined(separator: separator), last = elements[elements.count - 1]
        let first = elements.dropLast().joined(separator: separator)
        return choice([
            joined, "\(first) and \(last)", "\(first)\\text{ and }\(last)", "\(first), and \(last)",
            "\(first)\\text{ or }\(last)", "x=\(joined)", elements.map { "x=\($0)" }.joined(separator: ", "),
            "\\{\(joined)\\}", "x\\in\\{\(joined)\\}", "{\(joined)}.",
        ])
    }

    private mutating func interval(_ ends: [String], _ brackets: [String]) -> String {
        let isOpen = brackets.map { "()".contains($0) }, (low, high) = (ends[0], ends[1])
        func sign(_ isOpen: Bool, _ strict: String, _ others: [String]) -> String { isOpen ? strict : choice(others) }
        let less = ["\\le", "\\leq ", "≤"], more = ["\\ge ", "\\geq ", "≥"]
        return choice([
            brackets[0] + low + "," + high + brackets[1],
            "\\left\(brackets[0])\(low), \(high)\\right\(brackets[1])",
            "x\\in \(brackets[0])\(low), \(high)\(brackets[1])",
            low + sign(isOpen[0], "<", less) + " x" + sign(isOpen[1], "<", less) + " " + high,
            high + " " + sign(isOpen[1], ">", more) + "x " + sign(isOpen[0], ">", more) + low,
        ])
    }

    /// All from or up to a fraction.
    private mutating func ray(_ a: Int, _ b: Int, _ words: [String]) -> String {
        let end = choice(["\\frac{\(a)}{\(b)}", "\(a)/\(b)", "\\frac{\(2 * a)}{\(2 * b)}"]), x = words[1]
        switch words[0] {
        case "<":
            return choice(["(-\\infty,\(end))", "\(x)<\(end)", "\(end)>\(x)", "\\left( -\\infty, \(end) \\right)"])
        case "≤":
            return choice(["(-\\infty,\(end)]", "\(x)\\le \(end)", "\(end) \\geq \(x)", "\\left(-∞, \(end)\\right]"])
        case ">": return choice(["(\(end),\\infty)", "\(x)>\(end)", "\(end)<\(x)", "(\(end), +\\infty)"])
        default: return choice(["[\(end),\\infty)", "\(x)\\ge \(end)", "\(end)≤\(x)", "[\(end), +\\infty\\right)"])
        }
    }

    private mutating func mixed(_ n: Int, _ a: Int, _ b: Int) -> String {
        choice([
            "\(n)\\frac{\(a)}{\(b)}", "\(n) \\frac{\(a)}{\(b)}", "\(n) \(a)/\(b)", "\\frac{\(n * b + a)}{\(b)}",
            "\(n)\\!\\dfrac{\(a)}{\(b)}", "\(n)+\\frac{\(a)}{\(b)}", "\(n)~\\tfrac{\(a)}{\(b)}",
        ])
    }

    private mutating func plusMinus(_ n: Int) -> String {
        choice([
            "\\pm \(n)", "\\pm\(n)", "\(n),-\(n)", "-\(n), \(n)", "\\{\(n), -\(n)\\}", "±\(n)", "\(n)\\text{ or }-\(n)",
            "\\mp \(n)", "x=\\pm \(n)", "x = \(n), x = -\(n)", "\\{\\pm \(n)\\}", "-\(n)\\text{ and }\(n)",
            "\(n) or -\(n)", "\\pm\\sqrt{\(n * n)}", "\\pm\\frac{\(2 * n)}{2}", "\\pm{\(n)}",
        ])
    }

    private mutating func text(_ word: String, _ n: Int) -> String {
        let word = choice([word, word.lowercased(), word.capitalized])
        let command = choice([#"\text"#, #"\textbf"#, #"\mathrm"#, #"\mbox"#, #"\textit"#])
        return choice(["\(command){\(word)} \(n)", "\(word) \(n)", "\(command){\(word) \(n)}", "\(word)\\ \(n)"])
    }
}
