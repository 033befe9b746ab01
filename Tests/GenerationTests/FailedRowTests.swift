import Backbone
import Decoding
import TestSupport
import Tensor
import Testing
@testable import Generation

/// Refuses rows by what they hold alone, after others may have drawn.
private struct Refusing: DecodingPolicy {
    let base: SamplingPolicy
    let refuses: @Sendable (Float) -> Bool

    func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Decision] {
        let decisions = try base.choose(hidden: hidden, logits: logits, random: &random)
        for row in 0..<logits.rows where refuses(logits[row, 0]) {
            throw PolicyError.logitNotFinite(row: row, token: 0, logit: .nan)
        }
        return decisions
    }
}

/// A row without a distribution ends its own completion, and no other.
@Suite struct FailedRowTests {
    private let tiny: TinyModel
    private let model: Transformer
    private let base: SamplingPolicy

    init() throws {
        tiny = try TinyModel(.llama)
        model = try tiny.load()
        base = try SamplingPolicy(temperature: 1, topP: 0.95)
    }

    private var requests: [GenerationRequest] {
        [(9, 3), (1, 2), (33, 4), (17, 3)].map { length, samples in
            GenerationRequest(promptIDs: tiny.tokens(length), samples: samples, maxTokens: 20)
        }
    }

    private func samples(_ policy: any DecodingPolicy, width: Int = 16) throws -> [GeneratedSample] {
        let engine = GenerationEngine(model: model, policy: policy, seed: 3, width: width, endTokens: [])
        return try engine.generate(requests).flatMap(\.self)
    }

    @Test(arguments: [1, 3, 16])
    func othersAreAsTheyAreWithoutIt(_ width: Int) throws {
        let whole = try samples(base)
        let found = try samples(Refusing(base: base) { $0.bitPattern % 23 == 0 }, width: width)
        for (sample, expected) in zip(found, whole) {
            if sample.finish == .failed {
                #expect(sample.decisions == Array(expected.decisions.prefix(sample.decisions.count)))
                #expect(sample.failure?.hasSuffix("token 0 is nan, expected a finite number or −∞") == true)
                #expect(!sample.isTruncated && sample.decisions.count < 20)
            } else {
                #expect(sample == expected)
            }
        }
        let brokenCount = found.count { $0.finish == .failed }
        #expect(brokenCount > 0 && brokenCount < found.count && found.count == 12)
    }

    @Test func eachIsToldWhenItEnds() throws {
        let engine = GenerationEngine(model: model, policy: Refusing(base: base) { _ in true }, seed: 3)
        var told: [GeneratedSample] = []
        let found = try engine.generate(requests, onFinish: { told.append($0) }).flatMap(\.self)
        #expect(told.count == 12 && told.allSatisfy { $0.finish == .failed && $0.tokens.isEmpty })
        #expect(found.allSatisfy { $0.finish == .failed })
    }

    @Test func whatElseAPolicyThrowsEndsAll() throws {
        struct Other: Error {}
        struct Failing: DecodingPolicy {
            func choose(
                hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
            ) throws -> [Decision] { throw Other() }
        }
        #expect(throws: Other.self) { try samples(Failing()) }
    }
}
