import Backbone
import Files
import HiddenStateCache
import Tokenizers

/// From lines to ids, and what ids a model can read.
///
/// From strings: ids = encode(prompt + completion) without special tokens, split at len(encode(prompt)). BOS is put
/// first where the tokenizer asks for it and the prompt does not start with it; the end token is appended unless it is
/// there or the completion is truncated. Ids are taken as they are.
public struct TrajectoryEncoding: Sendable {
    private let tokenizer: Tokenizer?
    /// What is appended to a completion that ended, and every id that means that it did.
    private let endToken: Int?
    private let endTokens: Set<Int>
    private let vocabularySize: Int
    private let contextLength: Int

    /// - Parameter tokenizer: nil where the model's folder has none; then only ids can be read.
    public init(model: ModelConfiguration, tokenizer: Tokenizer?) {
        self.tokenizer = tokenizer
        endToken = tokenizer?.endOfSequence ?? model.endTokens.first
        endTokens = Set(NamedEnds.tokens(of: model.namedEnds(with: tokenizer)))
        (vocabularySize, contextLength) = (model.vocabularySize, model.contextLength)
    }

    /// - Throws: ``Misfit`` with what is wrong, without the place.
    func trajectory(_ line: TrajectoryLine) throws(Misfit) -> Trajectory {
        let isTruncated = line.truncated ?? false
        let (prompt, completion): ([Int], [Int])
        var isMerged = false
        if let promptIDs = line.promptIDs, let completionIDs = line.completionIDs {
            (prompt, completion) = (promptIDs, completionIDs)
        } else if let promptText = line.prompt, let completionText = line.completion {
            (prompt, completion, isMerged) = try ids(promptText, completionText, isTruncated: isTruncated)
        } else if line.isConversation {
            throw Misfit(
                "holds a conversation, expected texts or ids: data/scripts/export_cache.py reads those and writes "
                    + "their cache; or render them with the model's chat template first")
        } else {
            throw Misfit(
                "has neither both of prompt and completion nor both of prompt_ids and completion_ids, expected a line "
                    + "\(TrajectoryLine.form)"
            )
        }
        guard !prompt.isEmpty else {
            throw Misfit(
                "the prompt has no tokens, expected at least one: the first label is predicted from it; give a "
                    + "prompt, if only the model's first token"
            )
        }
        guard !completion.isEmpty else { throw Self.emptyCompletion }
        if let id = (prompt + completion).first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw Misfit(
                "found token id \(id), expected 0 to \(vocabularySize - 1): the ids are another model's; give the "
                    + "model that they were made for"
            )
        }
        guard prompt.count + completion.count <= contextLength else {
            throw Misfit(
                "found \(counted(prompt.count + completion.count, "token")), expected at most \(contextLength), the "
                    + "model's max_position_embeddings; "
                    + "remove the line, or cut the completion and say \"truncated\": true")
        }
        if let reward = line.reward, !(abs(reward) <= LineRewards.largest) {
            throw Misfit("found a reward of \(reward), expected −\(LineRewards.largest) to \(LineRewards.largest)")
        }
        return Trajectory(
            promptIDs: prompt, completionIDs: completion, problemID: line.problemID, isCorrect: line.correct,
            isTruncated: isTruncated, isMerged: isMerged,
            behaviourLogProbs: try Self.behaviour(line, tokenCount: completion.count), policy: line.policy,
            reward: line.reward)
    }

    /// Engines round: the logarithm of a certain token may come out a little above 0.
    private static let behaviourRounding: Float = 1e-3

    private static func behaviour(_ line: TrajectoryLine, tokenCount: Int) throws(Misfit) -> [Float]? {
        guard let found = line.behaviourLogProbs else { return nil }
        guard found.count == tokenCount else {
            throw Misfit(
                "found \(found.count) behaviour_log_probs, expected \(tokenCount), one for each token of the "
                    + "completion, its end token included")
        }
        if let wrong = found.first(where: { !($0.isFinite && $0 <= behaviourRounding) }) {
            throw Misfit("found \(wrong) among behaviour_log_probs, expected finite numbers up to 0")
        }
        return found.map { min($0, 0) }
    }

    private static let emptyCompletion = Misfit("the completion has no tokens, expected at least one; remove the line")

    private func ids(
        _ prompt: String, _ completion: String, isTruncated: Bool
    ) throws(Misfit) -> (prompt: [Int], completion: [Int], isMerged: Bool) {
        guard let tokenizer else {
            throw Misfit(
                "holds texts, but the model's folder has no tokenizer.json; give prompt_ids and completion_ids, or "
                    + "add its tokenizer files"
            )
        }
        // An end token alone would be appended: a model that says nothing is rather a mistake in the file.
        guard !completion.isEmpty else { throw Self.emptyCompletion }
        func encode(_ text: String) throws(Misfit) -> [Int] {
            do { return try tokenizer.encode(text, addSpecialTokens: false) } catch { throw Misfit("\(error)") }
        }
        var ids = try encode(prompt + completion)
        let promptIDs = try encode(prompt), isMerged = !ids.starts(with: promptIDs)
        var split = min(promptIDs.count, ids.count)
        if let begin = tokenizer.beginningOfSequence, split == 0 || ids.first != begin {
            ids.insert(begin, at: 0)
            split += 1
        }
        if !isTruncated, let endToken, split == ids.count || !endTokens.contains(ids[ids.count - 1]) {
            ids.append(endToken)
        }
        return (Array(ids[..<split]), Array(ids[split...]), isMerged)
    }
}

/// What is wrong with a trajectory, before the place is known.
struct Misfit: Error {
    let words: String

    init(_ words: String) { self.words = words }
}
