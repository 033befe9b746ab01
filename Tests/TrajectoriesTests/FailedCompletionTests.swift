import Decoding
import Foundation
import Tasks
import Tensor
import Testing
@testable import Trajectories

/// Never gives a token.
private struct DecidesNothing: DecodingPolicy {
    func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Decision] { throw PolicyError.logitNotFinite(row: 0, token: 2, logit: .nan) }
}

/// Fails on the problem of this number among those of the test.
private struct FailsOn: Verifier {
    let problem: String
    func verdict(on completion: String, of problem: Problem) -> Verdict {
        problem.id == self.problem ? .wrong(.graderFailed) : .correct
    }
}

@Suite struct FailedCompletionTests {
    private let tiny: TinyModel

    init() throws { tiny = try TinyModel() }

    private func sampler(_ policy: any DecodingPolicy, _ verifier: any Verifier) throws -> RejectSampler {
        try RejectSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, policy: policy, verifier: verifier,
            rendering: PromptRendering(), problems: TinyModel.problems,
            settings: SamplingSettings(samples: 3, keep: 3, keepsRejected: true, maxTokens: 30, seed: 0, width: 8))
    }

    @Test func completionsWithoutANextTokenAreCountedNamedAndNotKept() throws {
        let block = try sampler(DecidesNothing(), AlwaysRight()).sample(0..<3)
        #expect(block.counts.sampled == 9 && block.counts.faults == 9 && block.counts.firstFault == .modelFailed)
        #expect(block.counts.accepted == 0 && block.counts.truncated == 0 && block.lines.isEmpty)
    }

    @Test func aFaultOfTheVerifierStandsBeforeOneOfTheModel() {
        var counts = SamplingCounts(), others = SamplingCounts()
        counts.firstFault = .modelFailed
        others.firstFault = .graderTimeLimit
        counts += others
        #expect(counts.firstFault == .graderTimeLimit)
        others += counts
        #expect(others.firstFault == .graderTimeLimit)
    }

    @Test func aBlockThatTheVerifierFailedOnIsNotFinished() throws {
        let folder = try TemporaryFolder()
        let run = try CollectionFolder(folder.url.appendingPathComponent("run"), fingerprint: .init())
        let failing = FailsOn(problem: TinyModel.problems[1].id)
        try run.writePart(0, sampler(EndsAtOnce(), failing).sample(0..<1))
        try run.writePart(1, sampler(EndsAtOnce(), failing).sample(1..<2))
        try run.writePart(2, sampler(DecidesNothing(), failing).sample(1..<2))
        #expect(try (0..<4).map { try run.isFinished(part: $0) } == [true, false, true, false])
    }

    @Test(arguments: [
        ("\"accepted\":3", "\"accepted\":4"), ("\"sampled\":3", "\"sampled\":-3"), ("\"kept\":1", "\"kept\":9"),
        ("\"sampled_tokens\":3", "\"sampled_tokens\":9223372036854775807"), ("\"faults\":0", "\"faults\":2"),
        ("\"solved\":1", "\"solved\":1e99"),
    ])
    func countsThatContradictEachOtherAreRefused(_ old: String, _ new: String) throws {
        let folder = try TemporaryFolder()
        let run = try CollectionFolder(folder.url.appendingPathComponent("run"), fingerprint: .init())
        try run.writePart(0, sampler(EndsAtOnce(), AlwaysRight()).sample(0..<1))
        let path = folder.url.appendingPathComponent("run/parts/00000.jsonl")
        let text = try String(contentsOf: path, encoding: .utf8)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: path)
        let error = #expect(throws: FolderError.self) { try run.isFinished(part: 0) }
        #expect(error?.description.hasSuffix("as a finished block; remove it to sample it again") == true)
    }
}
