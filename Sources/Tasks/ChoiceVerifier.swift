import Foundation

/// The completion picks the right option of A to J. Its pick is, in this order:
///
/// 1. what stands in the last `<answer>…</answer>`, by these rules;
/// 2. the last box that holds a letter: `\boxed{C}`, `\boxed{\text{(C)}}`, `\boxed{C. Paris}`, `\boxed{Option C}`;
/// 3. the last "answer is (C)", "Answer: C", `"answer": "C"`, "correct option is C" or "答案是C";
/// 4. the label of the last line, "C. Paris", unless lines carry different ones;
/// 5. the last "C is correct", "option C is the answer", "I choose C" or "#### C";
/// 6. a letter that ends the text behind a sign, in brackets, or behind words such as "so" and "option";
/// 7. the label of the first line.
///
/// Marks of Markdown and LaTeX, quotes and full-width signs do not matter. Letters are capitals, but for small ones in
/// brackets and those that nothing follows; a small letter in a box gives way to rule 3. A letter that belongs to a
/// word, an article, a pronoun and the end of "vitamin C" are no picks. "A or B" picks more than one option and is
/// wrong. What a model thinks before `</think>` does not count where something stands behind it.
public struct ChoiceVerifier: Verifier {
    public init() {}

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        guard case .text(let answer) = problem.answer, let right = answer.first, answer.count == 1,
            Self.letters.contains(right)
        else {
            return .wrong(.malformed)
        }
        switch Self.pick(in: completion) {
        case nil: return .wrong(.noAnswer)
        case .one(let letter): return letter == right ? .correct : .wrong(.wrongValue)
        case .several: return .wrong(.wrongValue)
        }
    }

    /// The letters of options, as many as a problem can have.
    static let letters = Array("ABCDEFGHIJ")
    /// Characters at the end of a completion that are looked at.
    private static let longestEnd = 20_000

    static func pick(in completion: String) -> ChoicePick? {
        // What is declared stands near the end; a long derivation before it costs nothing.
        var text = completion.suffix(longestEnd)
        if let end = text.range(of: "</think>", options: .backwards),
            text[end.upperBound...].contains(where: { !$0.isWhitespace })
        {
            text = text[end.upperBound...]
        }
        if let tagged = tagged(in: text).map(String.init),
            let pick = ChoiceReader(tagged).pick(at: 0) ?? plainPick(in: tagged)
        {
            return pick
        }
        return plainPick(in: String(text))
    }

    /// What stands in the last answer tag; one that is not closed reaches to the end.
    private static func tagged(in text: Substring) -> Substring? {
        guard let start = text.range(of: "<answer>", options: [.backwards, .caseInsensitive]) else { return nil }
        let rest = text[start.upperBound...]
        return rest.range(of: "</answer>", options: .caseInsensitive).map { rest[..<$0.lowerBound] } ?? rest
    }

    private static func plainPick(in text: String) -> ChoicePick? {
        let reader = ChoiceReader(text)
        let box = boxes(in: text).reversed().lazy.compactMap { content -> (pick: ChoicePick, isCapital: Bool)? in
            guard let pick = ChoiceReader(content).pick(at: 0, isBox: true) else { return nil }
            return (pick, content.contains { letters.contains($0) })
        }.first
        if let box, box.isCapital { return box.pick }
        return reader.declared ?? box?.pick ?? reader.label(ofLast: true) ?? reader.favoured ?? reader.last
            ?? reader.label(ofLast: false)
    }
}
