/// Cuts LaTeX into tokens: `\name`, `\` with one sign, numbers, words, one space for white space, and single signs.
///
/// `x`, `y` and `z` are variables, so that `xy` is two tokens; other letters that touch make a word.
func latexTokens(_ text: String) -> [String] {
    let signs = Array(text)
    var tokens: [String] = []
    var place = 0
    func run(_ start: Int, _ isPart: (Character) -> Bool) -> Int {
        signs[start...].firstIndex { !isPart($0) } ?? signs.count
    }
    while place < signs.count {
        let sign = signs[place], start = place
        place += 1
        if sign == "\\", place < signs.count {
            place = signs[place].isASCIILetter ? run(place, \.isASCIILetter) : place + 1
        } else if sign.isASCIIDigit || sign == "." && place < signs.count && signs[place].isASCIIDigit {
            if sign != "." { place = run(place, \.isASCIIDigit) }
            if sign == "." || place + 1 < signs.count && signs[place] == "." && signs[place + 1].isASCIIDigit {
                place = run(sign == "." ? place : place + 1, \.isASCIIDigit)
            }
        } else if sign.isWhitespace {
            place = run(place, \.isWhitespace)
            tokens.append(" ")
            continue
        } else if sign.isLetter && sign != "π" && !"xyz".contains(sign) {
            place = run(place) { $0.isLetter && $0 != "π" }
        }
        let token = String(signs[start..<place])
        tokens.append(sign == "." && token != "." ? "0" + token : synonyms[token] ?? token)
    }
    return tokens.filter { !decoration.contains($0) }
}

/// Spellings of the same.
private let synonyms = [
    "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\nicefrac": "\\frac", "\\sfrac": "\\frac",
    "\\dbinom": "\\binom", "\\tbinom": "\\binom",
    "\\leq": "\\le", "≤": "\\le", "\\leqslant": "\\le", "\\geq": "\\ge", "≥": "\\ge", "\\geqslant": "\\ge", "\\lt": "<",
    "\\gt": ">",
    "\\neq": "\\ne", "≠": "\\ne", "\\lbrace": "\\{", "\\rbrace": "\\}", "\\lbrack": "[", "\\rbrack": "]",
    "\\varnothing": "\\emptyset", "∅": "\\emptyset", "∞": "\\infty", "π": "\\pi", "√": "\\sqrt", "×": "\\times",
    "·": "\\cdot",
    "÷": "\\div", "∪": "\\cup", "±": "\\pm", "∓": "\\mp", "∈": "\\in",
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "－": "-",
    "\\lvert": "|", "\\rvert": "|", "\\vert": "|", "\\mid": "|", "\\bar": "\\overline",
    "ln": "\\ln", "log": "\\log", "sin": "\\sin", "cos": "\\cos", "tan": "\\tan",
    "\\ ": " ", "~": " ", "\\,": " ", "\\;": " ", "\\:": " ", "\\quad": " ", "\\qquad": " ", "\\space": " ", "\n": " ",
    "\\colon": ":", "\\to": "\\rightarrow", "\\backslash": "\\setminus", "≈": "\\approx",
]

/// Tokens that say nothing about the value; percent and money signs too, so that 50\% is 50 and not 0.5.
private let decoration: Set<String> = [
    "\\left", "\\right", "\\!", "\\displaystyle", "\\textstyle", "\\limits", "$", "\\$", "%", "\\%", "\\(", "\\)",
    "\\[", "\\]", "\\big", "\\Big",
    "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\bigg", "\\Bigg", "°", "\\degree", "£", "€", "\u{200b}",
]
