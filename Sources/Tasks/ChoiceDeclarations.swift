// Sentences that declare an answer, wherever they stand.

extension ChoiceReader {
    /// The last "answer is (C)", "Answer: C" or "the correct option is C".
    var declared: ChoicePick? { tokens.indices.reversed().lazy.compactMap(declaration).first }

    private func declaration(at noun: Int) -> ChoicePick? {
        let name = tokens[noun].text
        let isAnswer = Self.answers.contains(name) || name == "案" && text(noun - 1) == "答"
        guard isAnswer || Self.choices.contains(name) && Self.qualities.contains(text(noun - 1) ?? "") else {
            return nil
        }
        var place = noun + 1
        while let text = text(place), ["choice", "option", "letter", "key"].contains(text) { place += 1 }
        if isSeparator(place) {
            while isSeparator(place) { place += 1 }
            return pick(at: place)
        }
        if isAnswer, at(place)?.letter != nil || opens(place) {
            // "Answer (C)" says what "the answer (C) is wrong" does not.
            let found = pick(at: place)
            while let token = at(place), token.letter != nil || opens(place) || closes(place) { place += 1 }
            return at(place)?.isWord == true ? nil : found
        }
        // "The answer to this question is C."
        for end in place..<place + 12 {
            guard let token = at(end), !token.endsSentence, !Self.negations.contains(token.text) else { return nil }
            guard Self.copulas.contains(token.text) else { continue }
            place = end + 1
            while isSeparator(place) { place += 1 }
            return pick(at: place)
        }
        return nil
    }

    /// What stands between "Answer" and a letter; `>` only as an arrow's head.
    private func isSeparator(_ place: Int) -> Bool {
        guard let text = text(place) else { return false }
        return [":", "=", "-", "–", "—", "→"].contains(text)
            || text == ">" && ["-", "="].contains(self.text(place - 1) ?? "")
    }

    /// The last "C is correct", "I choose C" or "#### C".
    var favoured: ChoicePick? { tokens.indices.reversed().lazy.compactMap { favour(at: $0) ?? choice(at: $0) }.first }

    private func favour(at place: Int) -> ChoicePick? {
        guard let letter = tokens[place].letter else { return nil }
        var before = place - 1, next = place + 1
        while opens(before) { before -= 1 }
        while closes(next) { next += 1 }
        guard tokens[place].isCapital || next > place + 1 || ["option", "choice"].contains(text(before) ?? "") else {
            return nil
        }
        var isMany = false
        if let word = text(before), word == "and" || word == "or" {
            var other = before - 1
            while closes(other) { other -= 1 }
            isMany = at(other)?.letter != nil && at(other)?.isCapital == true
        }
        guard isMany || at(before)?.isWord != true || Self.openings.contains(text(before) ?? "") else { return nil }
        guard let verb = text(next) else { return nil }
        if ["must", "should", "would"].contains(verb) {
            guard text(next + 1) == "be" else { return nil }
            next += 2
        } else {
            guard ["is", "are", "was"].contains(verb) else { return nil }
            next += 1
        }
        while let text = text(next), Self.adverbs.contains(text) { next += 1 }
        switch text(next) {
        case "correct", "best", "answer", "answers": break
        case "right":
            let follows = text(next + 1) ?? "."
            guard ["answer", "option", "choice", "one", "because", "since", ".", ",", "!", "\n"].contains(follows)
            else { return nil }
        default: return nil
        }
        return isMany ? .several : .one(letter)
    }

    private func choice(at place: Int) -> ChoicePick? {
        let before = text(place - 1) ?? ""
        switch tokens[place].text {
        case "choose", "chose", "select", "pick", "picked", "selected", "选":
            return unlessNegated(place, pick(at: place + 1))
        case "择": return before == "选" ? pick(at: place + 1) : nil
        case "with":
            return ["go", "going", "went"].contains(before) ? unlessNegated(place - 1, pick(at: place + 1)) : nil
        case "for":
            return ["opt", "opting", "opted"].contains(before) ? unlessNegated(place - 1, pick(at: place + 1)) : nil
        case "#": return before == "#" && text(place + 1) != "#" ? pick(at: place + 1) : nil
        default: return nil
        }
    }

    private func unlessNegated(_ place: Int, _ pick: ChoicePick?) -> ChoicePick? {
        Self.negations.contains(text(place - 1) ?? "") ? nil : pick
    }
}
