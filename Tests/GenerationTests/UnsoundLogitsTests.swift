import Backbone
import Decoding
import Synchronization
import Tensor
import TestSupport
import Testing

@testable import Generation

/// A row of logits that nothing can be drawn from ends its own completion, and no other.
@Suite struct UnsoundLogitsTests {
    /// Finds fault with one row of its third call.
    private final class FailsOnce: DecodingPolicy {
        private let calls = Mutex(0)

        func choose(
            hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
        ) throws -> [Decision] {
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            if call == 3 { throw PolicyError.logitNotFinite(row: 1, token: 7, logit: .nan) }
            return try SamplingPolicy(temperature: 1, topP: 1).choose(hidden: hidden, logits: logits, random: &random)
        }
    }

    @Test func oneCompletionFailsAndTheOthersAreTheSame() throws {
        let tiny = try TinyModel(.llama), model = try tiny.load()
        let requests = [GenerationRequest(promptIDs: tiny.tokens(4), samples: 4, maxTokens: 12)]
        let sound = try GenerationEngine(model: model, policy: SamplingPolicy(temperature: 1, topP: 1), endTokens: [])
            .generate(requests)[0]
        var finished: [Int] = []
        let found = try GenerationEngine(model: model, policy: FailsOnce(), endTokens: [])
            .generate(requests, onFinish: { finished.append($0.index.sample) })[0]
        #expect(found[1].finish == .failed && found[1].decisions.count == 2)
        #expect(found[1].failure == "row 1: the logit of token 7 is nan, expected a finite number or −∞")
        for sample in [0, 2, 3] {
            #expect(found[sample].tokens == sound[sample].tokens && found[sample].finish == .length)
        }
        #expect(finished.sorted() == [0, 1, 2, 3])
    }
}
