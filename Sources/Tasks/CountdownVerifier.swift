/// Judges Countdown's stream of attempts, one a line:
///
///     12-11=1,1+3=4?
///     12-9=3,…=99!
///
/// The first `!` declares an answer and ends the text; its line is judged. Each of its steps takes two of the numbers
/// that are there (given ones and results of earlier steps, each once) and puts its result in their place. The last
/// number that is left must be the target. Results are whole numbers from 0 up, so that a division must be exact.
///
/// Failed attempts before it may say what they like, or must be right as well: see ``Lines``.
public struct CountdownVerifier: Verifier {
    /// Which lines must be right.
    public enum Lines: Sendable {
        /// The one that declares the answer.
        case lastLine
        /// Each: a line before it ends with `?`, takes numbers that are there, calculates rightly with all of them, and
        /// misses the target.
        case everyLine
    }

    private let lines: Lines

    public init(_ lines: Lines = .lastLine) { self.lines = lines }

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        guard case .countdown(let countdown) = problem.answer else { return .wrong(.malformed) }
        let text = completion.utf8
        guard let mark = text.firstIndex(of: UInt8(ascii: "!")) else { return .wrong(.noAnswer) }
        guard text.index(after: mark) == text.endIndex else { return .wrong(.textAfterAnswer) }
        let start = text[..<mark].lastIndex(of: UInt8(ascii: "\n")).map(text.index(after:)) ?? text.startIndex
        if lines == .everyLine, start > text.startIndex {
            // Without the line break in front of the last line.
            for line in text[..<text.index(before: start)].split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            {
                guard line.last == UInt8(ascii: "?") else { return .wrong(.malformed) }
                switch Self.result(of: line.dropLast(), countdown) {
                case .failure(let fault): return .wrong(fault)
                case .success(countdown.target): return .wrong(.missedTarget)
                case .success: continue
                }
            }
        }
        switch Self.result(of: text[start..<mark], countdown) {
        case .failure(let fault): return .wrong(fault)
        case .success(let result): return result == countdown.target ? .correct : .wrong(.wrongValue)
        }
    }

    /// What the steps of a line come to, which must use all numbers.
    private static func result(of line: Substring.UTF8View, _ countdown: Countdown) -> Result<Int, Fault> {
        var available = countdown.numbers
        for written in line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let step = Step(written) else { return .failure(.malformed) }
            for operand in [step.left, step.right] {
                guard let place = available.firstIndex(of: operand) else { return .failure(.unavailableNumber) }
                available.remove(at: place)
            }
            guard step.isRight else { return .failure(.wrongArithmetic) }
            available.append(step.result)
        }
        return available.count == 1 ? .success(available[0]) : .failure(.unusedNumbers)
    }
}

/// `12-11=1`.
private struct Step {
    let left: Int, right: Int, result: Int
    let operation: UInt8

    init?(_ text: Substring.UTF8View) {
        var rest = text
        guard let left = Self.number(&rest), let operation = rest.popFirst(), "+-*/".utf8.contains(operation),
            let right = Self.number(&rest), rest.popFirst() == UInt8(ascii: "="),
            let result = Self.number(&rest), rest.isEmpty
        else { return nil }
        (self.left, self.right, self.result, self.operation) = (left, right, result, operation)
    }

    /// Takes digits off the front; nil for none, for a zero before others, and for more than 15.
    private static func number(_ text: inout Substring.UTF8View) -> Int? {
        let digits = text.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard (1...15).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            return nil
        }
        text = text[digits.endIndex...]
        return digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
    }

    var isRight: Bool {
        switch operation {
        case UInt8(ascii: "+"): left + right == result
        case UInt8(ascii: "-"): left - right == result
        case UInt8(ascii: "*"): left.multipliedReportingOverflow(by: right) == (result, false)
        default: right != 0 && left % right == 0 && left / right == result
        }
    }
}
