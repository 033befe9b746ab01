import Backbone
import Files
import Foundation
import Tasks

/// One line of a trajectory file: both strings, or both lists of ids (ids win where both are there).
struct TrajectoryLine: Codable {
    var prompt: String?
    var completion: String?
    var promptIDs: [Int]?
    var completionIDs: [Int]?
    var problemID: String?
    var correct: Bool?
    var truncated: Bool?
    var behaviourLogProbs: [Float]?
    var policy: String?
    var reward: Float?
    /// Whether the line is a conversation: `messages`, or prompt and completion as lists of turns.
    var isConversation = false

    enum CodingKeys: String, CodingKey {
        case prompt, completion, correct, truncated
        case promptIDs = "prompt_ids"
        case completionIDs = "completion_ids"
        case problemID = "problem_id"
        case behaviourLogProbs = "behaviour_log_probs"
        case policy, reward
    }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        func isTurns(_ key: CodingKeys) -> Bool { (try? line.decode([Turn].self, forKey: key))?.isEmpty == false }
        if isTurns(.prompt), isTurns(.completion) {
            isConversation = true
        } else {
            prompt = try line.decodeIfPresent(String.self, forKey: .prompt)
            completion = try line.decodeIfPresent(String.self, forKey: .completion)
            let others = try decoder.container(keyedBy: OtherKeys.self)
            isConversation = prompt == nil || completion == nil ? others.contains(.messages) : false
        }
        promptIDs = try line.decodeIfPresent([Int].self, forKey: .promptIDs)
        completionIDs = try line.decodeIfPresent([Int].self, forKey: .completionIDs)
        problemID = try line.decodeIfPresent(TextOrNumber.self, forKey: .problemID)?.text
        correct = try line.decodeIfPresent(Bool.self, forKey: .correct)
        truncated = try line.decodeIfPresent(Bool.self, forKey: .truncated)
        behaviourLogProbs = try line.decodeIfPresent([Float].self, forKey: .behaviourLogProbs)
        policy = try line.decodeIfPresent(String.self, forKey: .policy)
        reward = try line.decodeIfPresent(Float.self, forKey: .reward)
    }

    private enum OtherKeys: String, CodingKey { case messages }
    private struct Turn: Decodable { let role: String }

    /// A trajectory with both forms; the completion's text is without its end token, as reading puts that back.
    ///
    /// - Parameter prompt: the text that the prompt's ids come from; texts are left out where the completion has none.
    init(_ trajectory: Trajectory, prompt: String, completion: String?) {
        self.prompt = completion == nil ? nil : prompt
        self.completion = completion
        (promptIDs, completionIDs) = (trajectory.promptIDs, trajectory.completionIDs)
        (problemID, correct, truncated) = (trajectory.problemID, trajectory.isCorrect, trajectory.isTruncated)
        (behaviourLogProbs, policy, reward) = (trajectory.behaviourLogProbs, trajectory.policy, trajectory.reward)
    }

    /// The line with its break: keys sorted, so that the same trajectory is the same bytes.
    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + [UInt8(ascii: "\n")]
    }

    static let form =
        "such as {\"prompt\": \"2+2=\", \"completion\": \"4\"} or {\"prompt_ids\": [5, 9], \"completion_ids\": [4, 2]}"
}
