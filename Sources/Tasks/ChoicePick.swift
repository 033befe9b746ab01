/// What a completion picks.
enum ChoicePick: Equatable {
    case one(Character)
    /// More than one option: "A or B".
    case several
}

/// Finds what a run of tokens picks.
struct ChoiceReader {
    let tokens: [ChoiceToken]

    init(_ text: String) { tokens = ChoiceToken.tokens(of: text) }

    func at(_ place: Int) -> ChoiceToken? { tokens.indices.contains(place) ? tokens[place] : nil }
    func text(_ place: Int) -> String? { at(place)?.text }
    func opens(_ place: Int) -> Bool { text(place) == "(" || text(place) == "[" }
    func closes(_ place: Int) -> Bool { text(place) == ")" || text(place) == "]" }

    /// The pick that begins at a place, past words such as "option".
    func pick(at start: Int, isBox: Bool = false) -> ChoicePick? {
        var place = start
        while let text = text(place), Self.fillers.contains(text) { place += 1 }
        let isBracketed = opens(place)
        while opens(place) { place += 1 }
        guard let token = at(place), let letter = token.letter else { return nil }
        var next = place + 1
        let isClosed = isBracketed && closes(next)
        while closes(next) { next += 1 }
        guard isClosed || stands(token, before: next, isBox: isBox) else { return nil }
        return isJoined(from: next) ? .several : .one(letter)
    }

    /// Whether a letter without brackets is an option's and no article, pronoun or variable.
    private func stands(_ token: ChoiceToken, before next: Int, isBox: Bool) -> Bool {
        // The answer i is rather a number.
        if token.text == "i", !token.isCapital, !isBox { return false }
        guard let following = at(next) else { return true }
        if !following.isWord {
            if isBox, ["+", "=", "*", "^", "<", ">"].contains(following.text) { return false }
            return token.isCapital || [".", ",", ":", ";", "!", "?", ")", "]", "<", "/", "\n"].contains(following.text)
        }
        if token.isCapital, token.letter != "A", token.letter != "I" { return true }
        let goesOn = ["because", "since", "or", "is", "and"].contains(following.text)
        return goesOn
            || token.isCapital
                && ["as", "for", "which", "with", "but", "by", "from", "due", "not"].contains(following.text)
    }

    /// Whether "or D", ", D" or "and D" follows.
    private func isJoined(from start: Int) -> Bool {
        var place = start, isFirm = false
        while let text = text(place), [",", "/", "&", "or", "and"].contains(text) {
            isFirm = isFirm || ["/", "&", "or"].contains(text)
            place += 1
        }
        guard place > start else { return false }
        while let text = text(place), opens(place) || ["option", "choice"].contains(text) { place += 1 }
        guard let token = at(place), token.letter != nil, token.isCapital || closes(place + 1) || at(place + 1) == nil
        else { return false }
        let next = at(place + 1)
        // "C, A is wrong" goes on with another sentence, and so does "C and I am sure".
        if isFirm { return !(token.letter == "I" && next?.isWord == true) }
        return next?.isWord != true || ["or", "and", "are", "because"].contains(next?.text ?? "")
    }
}
