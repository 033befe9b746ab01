/// Words behind a value: units, and what else an answer says at its end.
enum LaTeXUnits {
    /// Whether a plain word is a unit. Units of one letter count in `\text` alone, for elsewhere they are variables;
    /// so do `in`, `min` and `sec`, which mathematics uses otherwise.
    static func isWord(_ token: String) -> Bool {
        token.count > 1 && !["in", "min", "sec"].contains(token) && names[token.lowercased()] != nil
    }

    /// Units of one letter.
    static let letters: Set<String> = ["m", "s", "g", "h", "l", "L", "N", "J", "W", "V", "K"]

    /// One form for words that say the same: small letters, one name a unit, no plurals, powers behind their unit.
    static func canonical(_ tokens: [String]) -> [String] {
        var words: [String] = [], letters = ""
        for token in tokens + [" "] {
            // The letters x, y and z are tokens of their own.
            if token.allSatisfy(\.isLetter) {
                letters += token.lowercased()
                continue
            }
            if !letters.isEmpty { words.append(singular(letters)) }
            letters = ""
            if ![" ", "{", "}", ".", ","].contains(token) { words.append(token) }
        }
        var out: [String] = [], power: String?
        for word in words {
            switch word {
            case "square", "sq": power = "2"
            case "cubic": power = "3"
            case "per": out.append("/")
            default:
                out.append(word)
                if let exponent = power { out += ["^", exponent] }
                power = nil
            }
        }
        return out
    }

    private static func singular(_ word: String) -> String {
        if let name = names[word] { return name }
        return word.count > 3 && word.hasSuffix("s") && !word.hasSuffix("ss") ? String(word.dropLast()) : word
    }

    private static let names: [String: String] = {
        let spellings = [
            "cm centimeter centimeters centimetre centimetres", "mm millimeter millimeters millimetre millimetres",
            "km kilometer kilometers kilometre kilometres", "m meter meters metre metres", "in inch inches",
            "ft foot feet",
            "mi mile miles", "yd yard yards", "unit units", "degree degrees", "s sec second seconds",
            "min minute minutes",
            "h hr hour hours", "day days", "week weeks", "year years", "dollar dollars", "cent cents", "percent",
            "kg kilogram kilograms", "g gram grams", "lb pound pounds", "mph", "l liter liters litre litres",
            "point points",
        ]
        var names: [String: String] = [:]
        for line in spellings {
            let words = line.split(separator: " ").map(String.init)
            for word in words { names[word] = words[0] }
        }
        return names
    }()
}
