import Foundation

/// The completion picks the right option of A to J. Its pick is, in this order:
///
/// 1. the last `\boxed{…}` that holds a letter: `\boxed{C}`, `\boxed{\text{(C)}}`, `\boxed{b}`, `\boxed{C. Paris}`;
/// 2. the last declaration: "answer is (C)", "Answer: C", `<answer>C</answer>`, `{"answer": "C"}`, "Option C is
///    correct", "C is the answer", in any case, with Markdown's and LaTeX's marks around the letter;
/// 3. a completion of one line that begins with an option: "C. Paris";
/// 4. a letter that ends the text by itself: alone on the last line, in brackets, or behind a word such as "is" or
///    "so".
///
/// Letters are capitals, but for small ones in brackets and alone in a box. A letter that begins a word is no pick, nor
/// is one that ends a name, as in "vitamin C". Where the pick names two letters, "A or B", the answer is malformed. A
/// pick is looked for by the next rule only where the one before finds none.
public struct ChoiceVerifier: Verifier {
    /// A verifier.
    public init() {}

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        guard case .text(let answer) = problem.answer, let right = answer.first, answer.count == 1,
            Self.letters.contains(right)
        else { return .wrong(.malformed) }
        switch ChoicePick(in: completion) {
        case .none: return .wrong(.noAnswer)
        case .several: return .wrong(.malformed)
        case .one(let pick): return pick == right ? .correct : .wrong(.wrongValue)
        }
    }

    /// The letters of options, as many as a problem can have.
    static let letters = Array("ABCDEFGHIJ")
}
