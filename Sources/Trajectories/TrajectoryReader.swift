import Files
import Tasks

/// Reads a trajectory file line by line; memory does not grow with the file.
///
/// A class because it owns the open file.
public final class TrajectoryReader {
    private let lines: JSONLines
    private let encoding: TrajectoryEncoding

    /// The line of the trajectory that was read last, from 0: its number in a cache. Empty lines count.
    public var line: Int { lines.lineNumber - 1 }

    /// - Throws: `JSONLinesError` where the file cannot be opened.
    public init(path: String, encoding: TrajectoryEncoding) throws {
        lines = try JSONLines(path: path, form: TrajectoryLine.form)
        self.encoding = encoding
    }

    /// The next trajectory; nil at the end of the file.
    ///
    /// - Throws: `JSONLinesError` with file, line, what was found and what was expected.
    public func next() throws -> Trajectory? {
        guard let line = try lines.next(TrajectoryLine.self) else { return nil }
        do { return try encoding.trajectory(line) } catch { throw lines.fault(error.words) }
    }

    /// The trajectory of a line further on, without decoding the lines before it; nil where the line is empty or not
    /// there.
    func trajectory(atLine wanted: Int) throws -> Trajectory? {
        try lines.skip(wanted - lines.lineNumber)
        let trajectory = try next()
        return line == wanted ? trajectory : nil
    }
}

/// How long the trajectories of a file are.
public struct TrajectoryLengths: Sendable, Equatable {
    /// Labels of each line, from 0; 0 for a line that the cache leaves out: an empty one, or a wrong completion
    /// without a reward.
    public var labels: [Int] = []
    /// Of each line the number of its problem, counted from 0 in the order in which problems first come; −1 where the
    /// line names none.
    public var problems: [Int32] = []
    /// Of each line the policy that drew it, nil where it names none.
    public var policies: [String?] = []
    /// Of each line what it earned, nil where nobody says, and the number of its group: lines of one problem that one
    /// policy drew, −1 where a line names no problem or earned nothing.
    public var rewards: [Float?] = []
    public var groups: [Int32] = []
    /// Whether each trajectory that the cache takes says its tokens' behaviour log-probabilities.
    public var knowsBehaviour = true
    /// Trajectories that the cache takes, and those that it leaves out.
    public var used = 0
    public var rejected = 0
    /// How many of the used ones are cut off.
    public var truncated = 0
    /// How many of the used ones share a token between prompt and completion, and the first one's line, from 1.
    public var merged = 0
    public var firstMerged: Int?

    /// Reads and checks a whole file.
    ///
    /// - Throws: `JSONLinesError` for the first bad line, and for a file without a trajectory that the cache takes.
    public init(path: String, encoding: TrajectoryEncoding, isCancelled: () -> Bool = { false }) throws {
        let reader = try TrajectoryReader(path: path, encoding: encoding)
        var numbers: [String: Int32] = [:], groupNumbers: [[String?]: Int32] = [:]
        while let trajectory = try reader.next() {
            if isCancelled() { throw CancellationError() }
            policies += Array(repeating: nil, count: reader.line - policies.count)
            policies.append(trajectory.policy)
            rewards += Array(repeating: nil, count: reader.line - rewards.count)
            rewards.append(trajectory.reward)
            groups += Array(repeating: -1, count: reader.line - groups.count)
            groups.append(
                trajectory.reward == nil || trajectory.problemID == nil
                    ? -1 : Self.number(of: [trajectory.problemID, trajectory.policy], in: &groupNumbers))
            labels += Array(repeating: 0, count: reader.line - labels.count)
            problems += Array(repeating: -1, count: reader.line - problems.count)
            problems.append(
                trajectory.problemID.map { Self.number(of: $0, in: &numbers) } ?? -1)
            labels.append(trajectory.isUsed ? trajectory.completionIDs.count : 0)
            if trajectory.isUsed {
                used += 1
                knowsBehaviour = knowsBehaviour && trajectory.behaviourLogProbs != nil
                truncated += trajectory.isTruncated ? 1 : 0
                merged += trajectory.isMerged ? 1 : 0
                if trajectory.isMerged, firstMerged == nil { firstMerged = reader.line + 1 }
            } else {
                rejected += 1
            }
        }
        guard used > 0 else {
            let found = rejected > 0 ? "only trajectories with \"correct\": false" : "no trajectories"
            throw JSONLinesError("\(path): holds \(found), expected at least one for the cache")
        }
    }

    /// The number of a key, counted from 0 in the order in which keys first come.
    private static func number<Key: Hashable>(of key: Key, in numbers: inout [Key: Int32]) -> Int32 {
        let number = numbers[key] ?? Int32(numbers.count)
        numbers[key] = number
        return number
    }

    /// What is to be said about merged completions; nil where there are none.
    ///
    /// - Parameter path: of the file.
    public func mergedNotice(_ path: String) -> String? {
        firstMerged.map { line in
            let lines = merged == 1 ? "the completion of 1 line" : "the completions of \(merged) lines"
            return "\(path): \(lines) (the first is line \(line)) merge\(merged == 1 ? "s" : "") into the prompt's "
                + "last token, so that what was said first is no label; end prompts where a token ends, with a line "
                + "break for example, or give ids"
        }
    }
}
