import Backbone
import Decoding
import Foundation
import Generation
import Tasks
import Testing
@testable import Trajectories

/// Where a completion ends: at any end token that a file of the model names, and before a stop text.
@Suite struct StopTests {
    private func completions(
        _ tiny: TinyModel, stops: [String], verifier: any Verifier = AlwaysRight()
    ) throws -> [ProblemSampler.Completion] {
        try ProblemSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, verifier: verifier, rendering: PromptRendering(),
            stops: stops, problems: TinyModel.problems
        ).sample(0..<7, with: SamplingPolicy(temperature: 1), samples: 12, maxTokens: 30, seed: 3, width: 16).flatMap(
            \.self)
    }

    /// What `autodeco-generate --stop` shows of these tokens, and how many it takes.
    private func generated(
        _ tiny: TinyModel, _ sample: GeneratedSample, stops: [String]
    ) throws -> (shown: String, count: Int)? {
        var text = CompletionText(tiny.tokenizer, stops: stops, endTokens: [1])
        for (place, decision) in sample.decisions.enumerated() {
            _ = try text.append(decision)
            if text.isStopped { return (text.shown, place + 1) }
        }
        return nil
    }

    @Test func aCompletionIsCutAtTheStopTextAsGenerateDoes() throws {
        let tiny = try TinyModel(), stops = ["9", "1+", ">"]
        let whole = try completions(tiny, stops: []), seen = Seen(),
            cut = try completions(tiny, stops: stops, verifier: seen)
        var stoppedCount = 0
        for (before, after) in zip(whole, cut) {
            guard let expected = try generated(tiny, before.sample, stops: stops) else {
                #expect(after.sample == before.sample && after.stoppedText == nil)
                continue
            }
            stoppedCount += 1
            #expect(
                after.sample.tokens == Array(before.sample.tokens.prefix(expected.count))
                    && after.sample.finish == .stopped)
            #expect(after.stoppedText == expected.shown && !stops.contains { expected.shown.contains($0) })
            #expect(seen.texts.contains(expected.shown) && !after.sample.isTruncated)
        }
        #expect(stoppedCount > 20 && stoppedCount < 84)
    }

    @Test func aStoppedCompletionIsKeptWithTheTokensThatTheModelChose() throws {
        let tiny = try TinyModel()
        let sampler = try RejectSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, policy: SamplingPolicy(temperature: 1),
            verifier: AlwaysRight(),
            rendering: PromptRendering(), stops: ["9"], problems: TinyModel.problems,
            settings: SamplingSettings(samples: 12, keep: 12, maxTokens: 30, seed: 3, width: 16))
        let lines = try sampler.sample(0..<7).lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(TrajectoryLine.self, from: Data($0))
        }
        let stopped = lines.filter { $0.completionIDs?.last != 1 }
        #expect(stopped.count > 10)
        for line in stopped {
            let all = try tiny.tokenizer.decode(line.completionIDs ?? [], skipSpecialTokens: true)
            #expect(line.truncated == false && line.completion?.contains("9") == false)
            #expect(all.hasPrefix(line.completion ?? "?") && all.dropFirst(line.completion?.count ?? 0).hasPrefix("9"))
        }
    }

    @Test func allFilesSayWhereATextEnds() throws {
        let tiny = try TinyModel(changes: ["eos_token_id": 5])
        _ = try tiny.folder.write("generation_config.json", #"{"eos_token_id": [7, 5]}"#)
        let model = try Transformer(directory: tiny.folder.url)
        #expect(model.configuration.endTokens == [7, 5] && model.endTokens(with: tiny.tokenizer) == [7, 5, 1])
        let sampler = try ProblemSampler(
            model: model, tokenizer: tiny.tokenizer, verifier: AlwaysRight(), rendering: PromptRendering(),
            problems: TinyModel.problems)
        let completions = try sampler.sample(
            0..<7, with: SamplingPolicy(temperature: 1), samples: 12, maxTokens: 30, seed: 3, width: 16
        ).flatMap(\.self)
        let last = Set(completions.filter { $0.sample.finish == .endOfSequence }.compactMap(\.sample.tokens.last))
        #expect(last == [1, 5, 7])
        // A completion that ends at any of them gets no other end.
        let encoding = TrajectoryEncoding(model: model.configuration, tokenizer: tiny.tokenizer)
        for (text, ids) in [("2", tiny.ids("2") + [1]), ("2" + TinyModel.characters[5 - 2], tiny.ids("2") + [5])] {
            let line = try JSONDecoder().decode(
                TrajectoryLine.self, from: JSONEncoder().encode(["prompt": "1", "completion": text]))
            #expect(try encoding.trajectory(line).completionIDs == ids)
        }
    }
}
