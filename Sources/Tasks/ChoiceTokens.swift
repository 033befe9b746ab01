/// A word, a sign or a line break of a completion, as multiple choice looks at it.
struct ChoiceToken {
    /// In small letters; a line break is `"\n"`.
    let text: String
    let isWord: Bool
    /// The option that it names, where it is one of their letters by itself.
    let letter: Character?
    let isCapital: Bool
    /// Whether a mark that sets it bold or italic stands right in front.
    let isMarked: Bool

    var isLineBreak: Bool { text == "\n" }
    var endsSentence: Bool { [".", "!", "?", ";", "\n"].contains(text) }

    /// Cuts a text into tokens. Marks of Markdown and LaTeX, quotes and spaces are none; full-width signs are the plain
    /// ones.
    static func tokens(of text: String) -> [ChoiceToken] {
        let signs = text.map(plain)
        var tokens: [ChoiceToken] = []
        var place = 0, isMarked = false
        func at(_ place: Int) -> Character? { signs.indices.contains(place) ? signs[place] : nil }
        while let sign = at(place) {
            let start = place
            place += 1
            if sign == "\\" {
                while let next = at(place), next.isASCIILetter { place += 1 }
                let name = String(signs[(start + 1)..<place])
                if name.isEmpty {
                    place += 1
                } else if !marks.contains(name) {
                    tokens.append(word("\\" + name, isMarked))
                }
            } else if sign.isNewline {
                if tokens.last?.isLineBreak != true { tokens.append(ChoiceToken("\n")) }
            } else if "*`_".contains(sign) {
                isMarked = true
                continue
            } else if isIdeograph(sign) {
                tokens.append(word(String(sign), isMarked))
            } else if isInWord(sign) {
                while let next = at(place), isInWord(next) && !isIdeograph(next) || joins(signs, place) { place += 1 }
                // C++ and C# are no letters.
                while let next = at(place), next == "+" || next == "#" { place += 1 }
                tokens.append(word(String(signs[start..<place]), isMarked))
            } else if !sign.isWhitespace, !"{}$~\"'’‘“”«»".contains(sign) {
                tokens.append(ChoiceToken(String(sign)))
            }
            isMarked = false
        }
        return tokens
    }

    private init(_ sign: String) { (text, isWord, letter, isCapital, isMarked) = (sign, false, nil, false, false) }

    private init(text: String, letter: Character?, isCapital: Bool, isMarked: Bool) {
        (self.text, isWord, self.letter, self.isCapital, self.isMarked) = (text, true, letter, isCapital, isMarked)
    }

    private static func word(_ text: String, _ isMarked: Bool) -> ChoiceToken {
        let capital = text.count == 1 ? Character(text.uppercased()) : " "
        let letter = ChoiceVerifier.letters.contains(capital) ? capital : nil
        return ChoiceToken(
            text: text.lowercased(), letter: letter, isCapital: letter.map(String.init) == text, isMarked: isMarked)
    }

    private static func isInWord(_ sign: Character) -> Bool { sign.isLetter || sign.isNumber }

    /// Whether what stands there makes one word of its two sides: `vitamin-C`, `it's`, `x_C`, `i.e`.
    private static func joins(_ signs: [Character], _ place: Int) -> Bool {
        guard place + 1 < signs.count, isInWord(signs[place + 1]), !isIdeograph(signs[place + 1]) else { return false }
        if signs[place] != "." { return "-'’_^".contains(signs[place]) }
        let isLetterBefore = place < 2 || !isInWord(signs[place - 2])
        return isLetterBefore && (place + 2 >= signs.count || !isInWord(signs[place + 2]))
    }

    private static func isIdeograph(_ sign: Character) -> Bool {
        sign.unicodeScalars.first?.properties.isIdeographic == true
    }

    private static func plain(_ sign: Character) -> Character {
        guard sign.unicodeScalars.count == 1, let scalar = sign.unicodeScalars.first else { return sign }
        switch scalar.value {
        case 0xff01...0xff5e: return Unicode.Scalar(scalar.value - 0xfee0).map(Character.init) ?? sign
        case 0x3002: return "."
        case 0x3001: return ","
        default: return sign
        }
    }

    /// Commands that only set what follows otherwise.
    private static let marks: Set<String> = [
        "text", "textbf", "textit", "textrm", "textsf", "texttt", "mathrm", "mathbf", "mathit", "mathsf", "mathtt",
        "mathbb", "mathcal",
        "boldsymbol", "bf", "rm", "it", "mbox", "hbox", "operatorname", "boxed", "fbox", "left", "right", "quad",
        "qquad", "underline", "emph",
    ]
}
