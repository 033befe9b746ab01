import Files
import Tasks

/// Looks at completions as they are judged: says early that nothing is accepted, and ends a collection whose grader
/// fails again and again.
public struct AcceptanceWatch: Sendable {
    /// After so many completions without an accepted one, the reasons are told.
    public static let earlyCount = 64
    /// So many faults of the verifier in a row end the collection.
    public static let mostFaults = 20
    private static let shownCharacters = 300

    private var judgedCount = 0, acceptedCount = 0, faultsInARow = 0
    private var reasons: [String: Int] = [:]
    /// The completion that was judged last, as long as nothing is accepted and nothing is told.
    private var last = ""

    /// Nothing seen yet.
    public init() {}

    /// Takes note of one completion.
    ///
    /// - Parameters:
    ///   - verdict: what the verifier says; nil for a completion that was cut off.
    ///   - text: of the completion, or nil where an id names no token.
    /// - Returns: what is to be told now; nil where nothing is.
    /// - Throws: ``SamplingError`` after ``mostFaults`` faults of the verifier in a row.
    public mutating func note(_ verdict: Verdict?, text: @autoclosure () -> String?) throws -> String? {
        judgedCount += 1
        switch verdict {
        case .correct: acceptedCount += 1
        case .wrong(let fault): reasons[fault.description, default: 0] += 1
        case nil: reasons["the completion was cut off at collect.maxTokens", default: 0] += 1
        }
        if case .wrong(let fault) = verdict, fault.isOfVerifier {
            faultsInARow += 1
            guard faultsInARow < Self.mostFaults else {
                throw SamplingError(
                    "the verifier failed \(faultsInARow) times in a row, the last time because \(fault); finished "
                        + "blocks stay, mend the grader and run the same command again")
            }
        } else {
            faultsInARow = 0
        }
        guard judgedCount <= Self.earlyCount, acceptedCount == 0 else { return nil }
        last = Self.shortened(text())
        return judgedCount == Self.earlyCount ? nothingAccepted("the first \(judgedCount)") : nil
    }

    /// What is to be told at the end of a collection that was too short to be told of before; nil where nothing is.
    public var lastNotice: String? {
        (1..<Self.earlyCount).contains(judgedCount) && acceptedCount == 0 ? nothingAccepted("\(judgedCount)") : nil
    }

    private func nothingAccepted(_ which: String) -> String {
        let counts = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) × \($0.key)" }
        return "none of \(which) completions is accepted: \(counts.joined(separator: "; ")). The last one: \(last)"
    }

    /// A completion on one line, at most so long.
    static func shortened(_ text: String?) -> String {
        guard let text else { return "has an id that names no token" }
        let line = text.replacing("\n", with: "⏎")
        let cut = line.count > shownCharacters ? "\(line.prefix(shownCharacters))…" : line
        return "“\(cut)”"
    }
}
