import Backbone
import Files
import Foundation
import Tasks
import Testing
@testable import Trajectories

/// A trajectory file means what its format says, or is refused by line.
@Suite struct ReadingTests {
    private let tiny: TinyModel
    private let folder: TemporaryFolder

    init() throws {
        tiny = try TinyModel()
        folder = try TemporaryFolder()
    }

    private func read(_ text: String, encoding: TrajectoryEncoding? = nil) throws -> [Trajectory] {
        let reader = try TrajectoryReader(path: folder.write("t.jsonl", text), encoding: encoding ?? tiny.encoding)
        var trajectories: [Trajectory] = []
        while let trajectory = try reader.next() { trajectories.append(trajectory) }
        return trajectories
    }

    private func message(_ text: String, encoding: TrajectoryEncoding? = nil) -> String {
        let error = #expect(throws: JSONLinesError.self) { try read(text, encoding: encoding) }
        return error?.description.replacingOccurrences(of: folder.path("t.jsonl"), with: "t.jsonl") ?? ""
    }

    // MARK: Strings

    @Test func stringsGetTheirBeginningAndTheirEnd() throws {
        let trajectory = try read(
            #"{"prompt": "1+2>3:\n", "completion": "1+2=3!", "problem_id": "p", "correct": true}"#)[0]
        #expect(trajectory.promptIDs == [0] + tiny.ids("1+2>3:\n"))
        #expect(trajectory.completionIDs == tiny.ids("1+2=3!") + [1])
        #expect(trajectory.problemID == "p" && trajectory.isCorrect == true && !trajectory.isTruncated)
    }

    @Test func endsThatAreThereAreNotPutTwice() throws {
        let trajectory = try read(#"{"prompt": "<s>1", "completion": "2</s>"}"#)[0]
        #expect(trajectory.promptIDs == [0] + tiny.ids("1") && trajectory.completionIDs == tiny.ids("2") + [1])
    }

    @Test func truncatedCompletionsGetNoEnd() throws {
        let trajectory = try read(#"{"prompt": "1", "completion": "2", "truncated": true}"#)[0]
        #expect(trajectory.completionIDs == tiny.ids("2") && trajectory.isTruncated)
    }

    /// "9" + "9" is one token, which stays on the prompt's side: only the end is left of the completion.
    @Test func aCompletionThatMergesIntoThePromptStillEnds() throws {
        let trajectory = try read(#"{"prompt": "9", "completion": "9"}"#)[0]
        #expect(trajectory.completionIDs == [1] && trajectory.promptIDs.last == TinyModel.vocabularySize - 1)
    }

    /// "9" + "99" is "99", "9": the merge crosses the border, and one token stays on the prompt's side.
    @Test func textsAreEncodedTogetherAndSplitByThePromptsCount() throws {
        let merged = TinyModel.vocabularySize - 1
        let trajectory = try read(#"{"prompt": "9", "completion": "99"}"#)[0]
        #expect(trajectory.promptIDs == [0, merged] && trajectory.completionIDs == tiny.ids("9") + [1])
    }

    // MARK: Merges

    @Test(arguments: [
        (#"{"prompt": "9", "completion": "9"}"#, true), (#"{"prompt": "9", "completion": "99"}"#, true),
        (#"{"prompt": "9", "completion": "8"}"#, false), (#"{"prompt": "99", "completion": "9"}"#, false),
        (#"{"prompt": "9\n", "completion": "9"}"#, false), (#"{"prompt_ids": [5], "completion_ids": [7]}"#, false),
    ])
    func completionsThatShareATokenWithThePromptAreKnown(line: String, isMerged: Bool) throws {
        #expect(try read(line)[0].isMerged == isMerged)
    }

    @Test func linesWhoseFirstLabelIsLostAreCountedAndNamed() throws {
        let sound = #"{"prompt": "9", "completion": "8"}"#, merged = #"{"prompt": "9", "completion": "9"}"#
        func notice(_ lines: [String]) throws -> String? {
            let path = try folder.write("m.jsonl", lines.joined(separator: "\n"))
            return try TrajectoryLengths(path: path, encoding: tiny.encoding).mergedNotice("m.jsonl")
        }
        #expect(try notice([sound]) == nil)
        let wrong = #"{"prompt": "9", "completion": "9", "correct": false}"#
        #expect(try notice([wrong, sound]) == nil)
        #expect(
            try notice([sound, "", merged])?
                .hasPrefix(
                    "m.jsonl: the completion of 1 line (the first is line 3) merges into the prompt's last token")
                == true)
        #expect(
            try notice([sound, merged, wrong, merged])?
                .hasPrefix(
                    "m.jsonl: the completions of 2 lines (the first is line 2) merge into the prompt's last token")
                == true)
    }

    // MARK: Conversations

    @Test(arguments: [
        #"{"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]}"#,
        #"{"prompt": [{"role": "user", "content": "1"}], "completion": [{"role": "assistant", "content": "2"}]}"#,
    ])
    func conversationsNameTheScriptThatReadsThem(line: String) throws {
        #expect(message(line).hasPrefix("t.jsonl, line 1: holds a conversation, expected texts or ids: data/scripts/"))
        #expect(message(line).contains("export_cache.py reads those"))
        // Texts and ids win.
        let both = #"{"messages": [], "prompt": "1", "completion": "2"}"#
        #expect(try read(both)[0].completionIDs == tiny.ids("2") + [1])
    }

    // MARK: JSON as it is found

    @Test func marksAndNumbersThatNobodyReadsDoNotMatter() throws {
        let line = #"{"prompt_ids": [5], "completion_ids": [7], "score": NaN, "bounds": [-Infinity]}"#
        #expect(try read("\u{feff}\(line)\n\(line)").count == 2)
        #expect(message(#"{"prompt_ids": [5], "completion_ids": NaN}"#).contains("completion_ids has another type"))
        #expect(
            message(#"{"prompt_ids": [5], "completion_ids": [7], "correct": NaN}"#).contains("correct has another type")
        )
        #expect(
            message("\(line)\n" + #"{"prompt": "1", "completion": "\ud83d"}"#).hasPrefix(
                #"t.jsonl, line 2: holds \ud83d, half"#))
    }

    // MARK: Ids

    @Test func idsWinAndAreTakenAsTheyAre() throws {
        let trajectories = try read(
            """
            {"prompt_ids": [5, 6], "completion_ids": [7], "prompt": "1", "completion": "2", "correct": false}
            {"prompt_ids": [5], "completion_ids": [7, 1], "prompt": "1", "problem_id": 12}
            """)
        #expect(trajectories[0] == Trajectory(promptIDs: [5, 6], completionIDs: [7], isCorrect: false))
        #expect(trajectories[1] == Trajectory(promptIDs: [5], completionIDs: [7, 1], problemID: "12"))
    }

    @Test func idsNeedNoTokenizer() throws {
        let encoding = TrajectoryEncoding(model: tiny.model.configuration, tokenizer: nil)
        #expect(try read(#"{"prompt_ids": [5], "completion_ids": [7]}"#, encoding: encoding).count == 1)
        #expect(message(#"{"prompt": "1", "completion": "2"}"#, encoding: encoding).contains("no tokenizer.json"))
    }

    // MARK: Errors

    @Test func badLinesAreNamed() {
        let sound = #"{"prompt_ids": [5], "completion_ids": [7]}"#
        #expect(
            message("\(sound)\n\n{\"prompt\": \"1\"}").hasPrefix(
                "t.jsonl, line 3: has neither both of prompt and completion nor both of"))
        #expect(message(#"{"prompt": "1", "completion_ids": [1]}"#).contains("line 1: has neither"))
        #expect(message("\(sound)\n{").hasPrefix("t.jsonl, line 2: is not JSON, expected such as"))
        #expect(
            message(#"{"prompt_ids": "5", "completion_ids": [7]}"#).hasPrefix(
                "t.jsonl, line 1: prompt_ids has another type"))
        #expect(
            message(#"{"prompt_ids": [5], "completion_ids": [7.5]}"#).contains("has another type, expected such as"))
        #expect(message(#"{"prompt_ids": [], "completion_ids": [7]}"#).contains("line 1: the prompt has no tokens"))
        #expect(message(#"{"prompt_ids": [7], "completion_ids": []}"#).contains("line 1: the completion has no tokens"))
        #expect(
            message(#"{"prompt": "1", "completion": "", "truncated": true}"#).contains(
                "line 1: the completion has no tokens"))
        #expect(message(#"{"prompt": "1", "completion": ""}"#).contains("line 1: the completion has no tokens"))
        #expect(
            message(#"{"prompt_ids": [7], "completion_ids": [37]}"#).contains(
                "found token id 37, expected 0 to \(TinyModel.vocabularySize - 1)"))
        #expect(message(#"{"prompt_ids": [-1], "completion_ids": [3]}"#).contains("found token id -1"))
        let long = #"{"prompt_ids": [7], "completion_ids": \#(Array(repeating: 5, count: 96))}"#
        #expect(message("\(sound)\n\(long)").contains("line 2: found 97 tokens, expected at most 96"))
    }

    // MARK: Lengths

    @Test func lengthsFollowLinesAndLeaveWrongOnesOut() throws {
        let path = try folder.write(
            "l.jsonl",
            """

            {"prompt_ids": [5], "completion_ids": [7, 8]}
            {"prompt_ids": [5], "completion_ids": [7, 8, 9], "correct": false}
              \t
            {"prompt_ids": [5], "completion_ids": [7, 8, 9, 1], "correct": true, "truncated": true}
            {"prompt_ids": [5], "completion_ids": [7], "correct": false}

            """)
        let lengths = try TrajectoryLengths(path: path, encoding: tiny.encoding)
        #expect(lengths.labels == [0, 2, 0, 0, 4, 0])
        #expect(lengths.used == 2 && lengths.rejected == 2 && lengths.truncated == 1)
        let reader = try TrajectoryReader(path: path, encoding: tiny.encoding)
        #expect(try reader.trajectory(atLine: 1)?.completionIDs == [7, 8])
        #expect(try reader.trajectory(atLine: 4)?.completionIDs == [7, 8, 9, 1])
        #expect(try reader.trajectory(atLine: 6) == nil)
    }

    @Test func filesWithNothingForTheCacheAreErrors() throws {
        for (text, words) in [
            ("", "no trajectories"),
            (
                #"{"prompt_ids": [5], "completion_ids": [7], "correct": false}"#,
                "only trajectories with \"correct\": false"
            ),
        ] {
            let path = try folder.write("n.jsonl", text)
            let error = #expect(throws: JSONLinesError.self) {
                try TrajectoryLengths(path: path, encoding: tiny.encoding)
            }
            #expect(error?.description == "\(path): holds \(words), expected at least one for the cache")
        }
        #expect(throws: JSONLinesError.self) {
            try TrajectoryReader(path: folder.path("none.jsonl"), encoding: tiny.encoding)
        }
        // A folder opens, and does not read.
        #expect(throws: JSONLinesError.self) {
            try TrajectoryReader(path: folder.url.path, encoding: tiny.encoding).next()
        }
    }
}
