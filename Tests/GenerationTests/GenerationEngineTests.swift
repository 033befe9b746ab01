import Backbone
import TestSupport
import Decoding
import Tensor
import Testing
@testable import Generation

/// What a sample becomes does not depend on what is generated beside it.
@Suite struct GenerationEngineTests {
    private let tiny: TinyModel
    private let model: Transformer
    private let policy: SamplingPolicy

    init() throws {
        tiny = try TinyModel(.qwen3)
        model = try tiny.load()
        policy = try SamplingPolicy(temperature: 1, topP: 0.95)
    }

    private func engine(
        _ model: Transformer? = nil, seed: UInt64 = 3, width: Int = 16, endTokens: [Int]? = nil
    ) -> GenerationEngine {
        GenerationEngine(model: model ?? self.model, policy: policy, seed: seed, width: width, endTokens: endTokens)
    }

    /// Prompts of several lengths, one without samples, with limits that make sequences leave at different steps.
    private var requests: [GenerationRequest] {
        [(9, 3, 20), (1, 1, 4), (5, 0, 9), (33, 4, 11), (17, 2, 30)].map { length, samples, most in
            GenerationRequest(promptIDs: tiny.tokens(length), samples: samples, maxTokens: most)
        }
    }

    @Test(arguments: TinyModel.Kind.allCases)
    func lockstepEqualsOneAtATime(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load()
        let alone = try engine(model, width: 1).generate(requests)
        for width in [2, 3, 7, 64] {
            let together = try engine(model, width: width).generate(requests)
            #expect(together == alone, "\(kind), width \(width)")
        }
        #expect(alone.map(\.count) == [3, 1, 0, 4, 2])
        // Gemma's scaled, tied embedding leaves next to no choice to a model as small as this one.
        #expect(kind == .gemma3 || Set(alone[3].map(\.tokens)).count > 1, "samples differ")
    }

    /// Wider than the kernels for few rows, and prompts that are read together.
    @Test(arguments: [TinyModel.Kind.llama, .qwen3MoE, .gptOSS, .deepSeekV3], [false, true])
    func wideLockstepEqualsOneAtATime(_ kind: TinyModel.Kind, asLarge: Bool) throws {
        let tiny = try TinyModel(kind), model = try asLarge ? tiny.loadAsLarge() : tiny.load()
        #expect(model.isTiny == (!asLarge && kind != .deepSeekV3))
        let requests = (0..<75).map { index in
            GenerationRequest(
                promptIDs: tiny.tokens(1 + index * 7 % 40, seed: UInt64(index)), samples: 1 + index % 4,
                maxTokens: 3 + index % 5)
        }
        let alone = try engine(model, width: 1).generate(requests)
        for width in [70, 150, 512] {
            #expect(try engine(model, width: width).generate(requests) == alone, "\(kind), width \(width)")
        }
        let oneThread = try Parallel.$threads.withValue(1) { try engine(model, width: 150).generate(requests) }
        #expect(oneThread == alone)
    }

    /// The reference: every token from a teacher-forced pass over everything before it.
    @Test func samplesAreWhatTheWholeSequenceGives() throws {
        let requests = requests
        var heldCount = 0
        for samples in try engine(width: 4).generate(requests) {
            for sample in samples {
                var random = [
                    RandomGenerator(seed: 3, stream: UInt64(sample.index.request) << 32 | UInt64(sample.index.sample))
                ]
                var sequence = requests[sample.index.request].promptIDs
                for decision in sample.decisions {
                    let hidden = try model.hidden([sequence])
                    let last = hidden.selecting(rows: [hidden.rows - 1])
                    let wanted = try policy.choose(hidden: last, logits: model.logits(last), random: &random)[0]
                    #expect(decision.token == wanted.token && abs(decision.entropy - wanted.entropy) < 1e-3)
                    sequence.append(decision.token)
                    heldCount += 1
                }
            }
        }
        #expect(heldCount > 50)
    }

    @Test func samplesOfOnePromptEqualSamplesThatReadItThemselves() throws {
        let prompt = tiny.tokens(70)
        let shared = try engine(width: 3).generate([
            GenerationRequest(promptIDs: prompt, samples: 4, maxTokens: 12, number: 5)
        ])
        // A request of one sample has sample 0 alone, so the streams are taken one by one.
        let first = try engine(width: 2).generate([GenerationRequest(promptIDs: prompt, maxTokens: 12, number: 5)])
        #expect(first[0][0] == shared[0][0])
        for count in 2...4 {
            let fewer = try engine(width: 1).generate([
                GenerationRequest(promptIDs: prompt, samples: count, maxTokens: 12, number: 5)
            ])
            #expect(fewer[0] == Array(shared[0].prefix(count)))
        }
    }

    @Test func longPromptsAreReadInChunks() throws {
        let tiny = try TinyModel(.gptOSS, ["max_position_embeddings": 4096]), model = try tiny.loadAsLarge()
        let prompt = tiny.tokens(2 * GenerationEngine.chunkTokens + 100)
        let sample = try engine(model).generate([GenerationRequest(promptIDs: prompt, maxTokens: 1)])[0][0]
        let hidden = try model.hidden([prompt]), last = hidden.selecting(rows: [hidden.rows - 1])
        var random = [RandomGenerator(seed: 3)]
        let wanted = try policy.choose(hidden: last, logits: model.logits(last), random: &random)[0]
        #expect(sample.tokens == [wanted.token] && abs(sample.decisions[0].entropy - wanted.entropy) < 1e-3)
    }

    @Test func seedsAndNumbersChooseTheStreams() throws {
        let request = GenerationRequest(promptIDs: tiny.tokens(6), samples: 2, maxTokens: 20)
        var numbered = request
        numbered.number = 1
        let samples = try engine().generate([request, request])
        #expect(try engine().generate([request, request]) == samples)
        #expect(try engine().generate([numbered])[0].map(\.tokens) == samples[1].map(\.tokens))
        let all = try (samples + engine(seed: 4).generate([request])).joined().map(\.tokens)
        #expect(Set(all).count == 6)
    }

    @Test func atMostWidthSequencesAreUnderWay() throws {
        var underWay: Set<SampleIndex> = [], most = 0, started: [SampleIndex] = [], finished: Set<SampleIndex> = []
        let results = try engine(width: 3, endTokens: []).generate(requests) { index, _ in
            if underWay.insert(index).inserted { started.append(index) }
            most = max(most, underWay.count)
            return true
        } onFinish: {
            underWay.remove($0.index)
            finished.insert($0.index)
        }
        #expect(most == 3)
        #expect(started == results.joined().map(\.index), "samples enter in order")
        #expect(finished.count == 10 && underWay.isEmpty)
    }

    // MARK: Ends

    @Test func anyEndTokenEndsASequence() throws {
        let request = GenerationRequest(promptIDs: tiny.tokens(6), samples: 8, maxTokens: 100)
        let endless = try engine(endTokens: []).generate([request])[0]
        #expect(endless.allSatisfy { $0.finish == .length && $0.isTruncated && $0.decisions.count == 100 })
        let ends: Set = [7, 11, 19]
        let ending = try engine(endTokens: Array(ends)).generate([request])[0]
        for (sample, whole) in zip(ending, endless) {
            let end = whole.tokens.firstIndex { ends.contains($0) }
            #expect(sample.tokens == Array(whole.tokens.prefix((end ?? 99) + 1)))
            #expect(sample.finish == (end == nil ? .length : .endOfSequence) && sample.isTruncated == (end == nil))
        }
        #expect(Set(ending.filter { !$0.isTruncated }.compactMap(\.tokens.last)).count > 1, "several ends occur")
    }

    @Test func theModelsOwnEndTokensAreTheDefault() { #expect(engine().endTokens == [2]) }

    @Test func theContextEndsASequence() throws {
        let full = GenerationRequest(promptIDs: tiny.tokens(120), maxTokens: 100)
        let last = GenerationRequest(promptIDs: tiny.tokens(127), maxTokens: 100)
        let results = try engine(endTokens: []).generate([full, last])
        #expect(results.map { $0[0].decisions.count } == [8, 1])
        #expect(results.allSatisfy { $0[0].finish == .length })
    }

    @Test func theHandlerStopsOneSample() throws {
        let request = GenerationRequest(promptIDs: tiny.tokens(6), samples: 3, maxTokens: 10)
        var count = 0
        let samples = try engine(endTokens: []).generate([request]) { index, _ in
            if index.sample == 1 { count += 1 }
            return count < 4 || index.sample != 1
        }[0]
        #expect(samples.map(\.finish) == [.length, .stopped, .length])
        #expect(samples.map(\.decisions.count) == [10, 4, 10])
    }

    @Test func cancellingReturnsWhatIsThere() throws {
        let request = GenerationRequest(promptIDs: tiny.tokens(6), samples: 3, maxTokens: 10)
        let whole = try engine(width: 2, endTokens: []).generate([request])[0]
        var tokens = 0
        let samples = try engine(width: 2, endTokens: []).generate([request]) { _, _ in
            tokens += 1
            return true
        } isCancelled: {
            tokens >= 8
        }[0]
        #expect(samples.map(\.finish) == [.interrupted, .interrupted, .interrupted])
        #expect(samples.map(\.tokens) == [Array(whole[0].tokens.prefix(4)), Array(whole[1].tokens.prefix(4)), []])
        #expect(samples.allSatisfy { $0.isTruncated })
        let none = try engine().generate([request], isCancelled: { true })
        #expect(none[0].allSatisfy { $0.tokens.isEmpty && $0.finish == .interrupted })
    }

    @Test func promptsThatCannotBeReadAreErrorsBeforeAnythingRuns() throws {
        let sound = GenerationRequest(promptIDs: [3, 4], maxTokens: 2)
        for (prompt, kind, words) in [
            ([], ModelError.Kind.empty, "no tokens in prompt 1"),
            (tiny.tokens(128), .tooLong, "found 128 tokens in prompt 1, expected at most 127"),
            ([3, 40], .unknownToken, "token id 40 at position 1 of prompt 1, expected 0 to 39"),
        ] {
            var seen = 0
            let error = #expect(throws: ModelError.self) {
                _ = try engine().generate([sound, GenerationRequest(promptIDs: prompt, maxTokens: 2)]) { _, _ in
                    seen += 1
                    return true
                }
            }
            #expect(error?.kind == kind && error?.description.contains(words) == true, "\(String(describing: error))")
            #expect(seen == 0)
        }
    }
}
