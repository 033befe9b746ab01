// Letters that begin or end a completion.

extension ChoiceReader {
    /// A letter that ends the text: alone on its line, in brackets or bold, or behind words such as "so" and "option".
    var last: ChoicePick? {
        guard let end = tokens.lastIndex(where: \.isWord), let letter = tokens[end].letter else { return nil }
        let token = tokens[end]
        guard tokens[(end + 1)...].allSatisfy({ [".", ")", "]", "!", "\n"].contains($0.text) }) else { return nil }
        let isBracketed = opens(end - 1) && closes(end + 1)
        guard token.isCapital || isBracketed else { return nil }
        var before = end - 1
        while opens(before) { before -= 1 }
        var other = before
        while let text = text(other), [",", "/", "&", "or", "and"].contains(text) { other -= 1 }
        while closes(other) { other -= 1 }
        if other < before, let earlier = at(other), earlier.letter != nil, earlier.isCapital { return .several }
        guard let previous = at(before) else { return .one(letter) }
        if !previous.isWord {
            let isFree = [".", "!", "?", ";", ":", ",", "-", "–", "—", "→", ">", "#", "\n"].contains(previous.text)
            return isFree ? .one(letter) : nil
        }
        if Self.introductions.contains(previous.text) { return .one(letter) }
        guard token.isMarked || isBracketed else { return nil }
        return Self.kinds.contains(previous.text) || Self.negations.contains(previous.text) ? nil : .one(letter)
    }

    /// The label in front of the last line, or of the first one: "C. Paris", "(C) Paris", "C". None where lines carry
    /// different labels, as lists of options do.
    func label(ofLast isLast: Bool) -> ChoicePick? {
        let labels = tokens.split { $0.isLineBreak }.map(Self.label)
        guard let found = isLast ? labels.last : labels.first, let letter = found,
            labels.allSatisfy({ $0 == nil || $0 == letter })
        else { return nil }
        return .one(letter)
    }

    private static func label(_ line: ArraySlice<ChoiceToken>) -> Character? {
        var rest = line
        var isOpen = false
        while let text = rest.first?.text, text == "(" || text == "[" {
            isOpen = true
            rest.removeFirst()
        }
        guard let token = rest.popFirst(), let letter = token.letter else { return nil }
        guard let next = rest.first else { return token.isCapital ? letter : nil }
        if next.text == ")" || next.text == "]" {
            return rest.dropFirst().first.map { !["is", "or", "and", ","].contains($0.text) } ?? true ? letter : nil
        }
        return token.isCapital && !isOpen && [".", ":", "-", "–", "—"].contains(next.text) ? letter : nil
    }
}
