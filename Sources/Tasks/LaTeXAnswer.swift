/// An answer in LaTeX, and when two are the same. Units and text at the end are compared where both have them, and
/// dropped where one has. What stands before them is the same, in this order, where
///
/// 1. the normal forms are the same text (``LaTeXNormalization``), but for capitals in words;
/// 2. both are values, and equal: fractions exactly, so that 1/2 is 0.5 and 1/3 is not 0.333; roots and π to eleven
///    digits;
/// 3. both are collections with equivalent elements: tuples, intervals and matrices in order and with the same
///    brackets, sets, unions and bare lists in any order (``LaTeXCollection``).
///
/// Numbers that can be read in two ways (``LaTeXNumbers``) are the same where one way makes them so.
struct LaTeXAnswer {
    private let readings: [LaTeXTerm]
    private let ending: [String]

    init(_ text: String) {
        let tokens = latexTokens(text)
        guard LaTeXNormalization.isManageable(tokens) else {
            (readings, ending) = ([LaTeXTerm([text.filter { !$0.isWhitespace }])], [])
            return
        }
        let forms = LaTeXNumbers.readings(tokens).map(LaTeXNormalization.normal)
        ending = forms.last?.ending ?? []
        readings = forms.map { LaTeXTerm(LaTeXSigns.written($0.tokens)) }
    }

    func isEquivalent(to other: LaTeXAnswer) -> Bool {
        if !ending.isEmpty, !other.ending.isEmpty, ending != other.ending { return false }
        return readings.contains { mine in other.readings.contains { mine.isEquivalent(to: $0) } }
    }
}

/// Normalised tokens, with what they mean worked out once.
final class LaTeXTerm {
    private let tokens: [String]
    private let text: String
    private lazy var value = LaTeXExpression.value(tokens)
    private lazy var collection = LaTeXCollection(tokens)
    private lazy var elements = collection?.elements.map { LaTeXTerm(LaTeXSigns.withoutPlus($0)) } ?? []

    init(_ tokens: [String]) { (self.tokens, text) = (tokens, Self.withSmallWords(tokens.joined())) }

    func isEquivalent(to other: LaTeXTerm) -> Bool {
        if tokens.isEmpty || other.tokens.isEmpty { return tokens.isEmpty && other.tokens.isEmpty }
        if text == other.text { return true }
        if let value, let otherValue = other.value { return value.equals(otherValue) }
        guard let mine = collection, let theirs = other.collection, mine.isOfSameKind(as: theirs),
            elements.count == other.elements.count
        else { return false }
        if mine.isOrdered { return zip(elements, other.elements).allSatisfy { $0.isEquivalent(to: $1) } }
        var right = other.elements
        for element in elements {
            guard let place = right.firstIndex(where: element.isEquivalent) else { return false }
            right.remove(at: place)
        }
        return true
    }

    /// Words of three letters and more, and "no", in small letters: `Yes` is `yes`, but `AB` is not `ab`, and `\Delta`
    /// not `\delta`.
    private static func withSmallWords(_ text: String) -> String {
        var out = "", run = "", isCommand = false
        func flush() {
            let small = run.lowercased()
            out += !isCommand && (run.count >= 3 || small == "no") ? small : run
            run = ""
        }
        for sign in text {
            if sign.isLetter {
                run.append(sign)
                continue
            }
            flush()
            isCommand = sign == "\\"
            out.append(sign)
        }
        flush()
        return out
    }
}
