import AutoDecoHeads
import Decoding
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
import Testing

@testable import Trajectories

/// Trajectories and caches say which policy drew each token, and how probable it was there.
@Suite struct BehaviourTests {
    private let tiny: TinyModel
    private let folder: TemporaryFolder

    init() throws { (tiny, folder) = (try TinyModel(contextLength: 4096), try TemporaryFolder()) }

    private func sampler(_ policy: any DecodingPolicy, name: String?) throws -> RejectSampler {
        try RejectSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, policy: policy, policyName: name, verifier: OddLengths(),
            rendering: .init(), problems: TinyModel.problems,
            settings: SamplingSettings(samples: 6, keep: 3, maxTokens: 30, seed: 5, width: 16))
    }

    private func heads() -> AutoDecoHeads<Float> {
        var random = RandomGenerator(seed: 4)
        return AutoDecoHeads(
            configuration: HeadsConfiguration(hiddenSize: tiny.model.configuration.hiddenSize), random: &random)
    }

    private func builder(_ path: String, _ name: String, digits: String? = "abc") throws -> CacheBuilder {
        CacheBuilder(
            model: tiny.model, modelFolder: tiny.folder.url, trajectories: path, encoding: tiny.encoding,
            lengths: try TrajectoryLengths(path: path, encoding: tiny.encoding),
            folder: folder.url.appendingPathComponent(name),
            description: try CacheDescription(
                modelName: "tiny", modelPath: "tiny", hiddenSize: tiny.model.configuration.hiddenSize,
                vocabularySize: TinyModel.vocabularySize, hiddenType: .f32),
            shardTokens: 60, fingerprint: "f", modelDigits: digits)
    }

    private func cache(_ path: String, _ name: String, digits: String? = "abc") throws -> HiddenStateCache {
        try builder(path, name, digits: digits).build()
        return try HiddenStateCache(folder: folder.url.appendingPathComponent(name))
    }

    private func sampled(_ policy: any DecodingPolicy, _ name: String?, file: String = "t.jsonl") throws -> String {
        try folder.write(file, String(decoding: sampler(policy, name: name).sample(0..<7).lines, as: UTF8.self))
    }

    /// log of softmax(l/T) after a filter, from the row itself.
    private func logProbability(
        _ logits: [Float], _ token: Int, temperature: Double, topP: Double, _ filter: NucleusFilter
    ) -> Double {
        let order = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
        let e = order.map { exp((Double(logits[$0]) - Double(logits[order[0]])) / temperature) }
        let Z = e.reduce(0, +)
        var c = 0.0, weights: [Double] = []
        for e in e {
            let before = c
            c += e / Z
            let kept: Double =
                switch filter {
                case .hard: before < topP ? 1 : 0
                case .inclusive: c <= topP || before == 0 ? 1 : 0
                case .soft: exp(-30 * max(min(c, 1) - topP, 0))
                }
            weights.append(e / Z * (topP >= 1 ? 1 : kept))
        }
        return log(weights[order.firstIndex(of: token) ?? 0] / weights.reduce(0, +))
    }

    @Test(arguments: NucleusFilter.allCases, [true, false])
    func theCacheHoldsEachTokensLogProbabilityUnderThePolicy(_ filter: NucleusFilter, _ byHeads: Bool) throws {
        let heads = heads()
        let policy: any DecodingPolicy =
            byHeads
            ? HeadsPolicy(heads: heads, filter: filter)
            : try SamplingPolicy(temperature: 0.8, topP: 0.9, filter: filter)
        let cache = try cache(sampled(policy, "some policy of model abc"), "cache")
        #expect(cache.knowsBehaviour && cache.policies?.names == ["some policy of model abc"] && cache.isSelfSampled)
        var largest = 0.0, count = 0
        for index in cache.trajectories {
            let batch = try cache.batch(of: [index]), behaviour = try #require(cache.behaviourLogProbs(of: index))
            let logits = tiny.model.logits(batch.hidden)
            let predicted = heads.predict(hidden: batch.hidden, logits: batch.sketches)
            for row in 0..<batch.count {
                let t = byHeads ? Double(predicted.temperature[row]) : 0.8
                let p = byHeads ? Double(predicted.topP[row]) : 0.9
                let l = (0..<logits.columns).map { logits[row, $0] }
                let expected = logProbability(l, batch.labels[row], temperature: t, topP: p, filter)
                let error = abs(Double(behaviour[row]) - expected)
                if !(error <= largest) { largest = error.isNaN ? .infinity : error }
                count += 1
            }
        }
        print("largest difference of a behaviour log-probability, \(filter): \(largest) of \(count) tokens")
        // Rows go through products in other company, and tokens through predictions in Float.
        #expect(count > 80 && largest < 1e-4)
    }

    @Test func linesSayThePolicyAndALogProbabilityForEachToken() throws {
        let path = try sampled(SamplingPolicy(temperature: 1), "T = 1.0, P = 1.0 of model abc")
        let reader = try TrajectoryReader(path: path, encoding: tiny.encoding)
        var count = 0
        while let trajectory = try reader.next() {
            let behaviour = try #require(trajectory.behaviourLogProbs)
            #expect(behaviour.count == trajectory.completionIDs.count && behaviour.allSatisfy { $0 <= 0 })
            #expect(trajectory.policy == "T = 1.0, P = 1.0 of model abc")
            count += 1
        }
        #expect(count > 5)
    }

    /// Of a trajectory longer than a forward pass, and of some that share one.
    @Test func logProbabilitiesStayWithTheirTokens() throws {
        var lines = "", expected: [[Float]] = []
        for (line, count) in [3, 2300, 40, 1100].enumerated() {
            let ids = tiny.tokens(5 + count, seed: UInt64(line)), behaviour = (0..<count).map { -Float($0) / 64 }
            let trajectory = Trajectory(
                promptIDs: Array(ids[..<5]), completionIDs: Array(ids[5...]), behaviourLogProbs: behaviour)
            lines += String(decoding: try TrajectoryLine(trajectory, prompt: "", completion: nil).json(), as: UTF8.self)
            expected.append(behaviour)
        }
        let cache = try cache(folder.write("long.jsonl", lines), "long")
        for index in cache.trajectories { #expect(cache.behaviourLogProbs(of: index) == expected[index.number]) }
        #expect(cache.trajectories.count == 4 && cache.policies == nil && !cache.isSelfSampled)
    }

    @Test func aCacheOfALineThatDoesNotSayThemHasNone() throws {
        let path = try sampled(SamplingPolicy(temperature: 1), "a policy of model abc")
        let more = try String(contentsOfFile: path, encoding: .utf8) + #"{"prompt": "1+1=", "completion": "2"}"# + "\n"
        let cache = try cache(folder.write("mixed.jsonl", more), "mixed")
        #expect(!cache.knowsBehaviour && !cache.isSelfSampled && cache.policies?.places.last == -1)
        #expect(cache.trajectories.allSatisfy { cache.behaviourLogProbs(of: $0) == nil })
    }

    @Test func samplesOfAnotherModelAreNotItsOwn() throws {
        let path = try sampled(SamplingPolicy(temperature: 1), "a policy of model abc")
        #expect(try cache(path, "own").isSelfSampled)
        #expect(try !cache(path, "other", digits: "abd").isSelfSampled)
        #expect(try !cache(path, "unknown", digits: nil).isSelfSampled)
    }

    @Test func anInterruptedCacheWithLogProbabilitiesGoesOnToTheSameBytes() throws {
        let path = try sampled(SamplingPolicy(temperature: 1), "a policy of model abc")
        try builder(path, "whole").build()
        var seen = 0
        #expect(throws: CancellationError.self) {
            try builder(path, "cut").build(onTokens: { seen += $0 }, isCancelled: { seen > 0 })
        }
        try builder(path, "cut").build()
        #expect(try folder.files(below: "cut") == folder.files(below: "whole"))
    }

    @Test(arguments: [
        (#""behaviour_log_probs": [-1]"#, "found 1 behaviour_log_probs, expected 2"),
        (#""behaviour_log_probs": [-1, 0.5]"#, "found 0.5 among behaviour_log_probs, expected finite numbers up to 0"),
        (#""behaviour_log_probs": [-1, "x"]"#, "behaviour_log_probs"),
    ])
    func badLogProbabilitiesAreNamedWithTheirLine(_ member: String, _ words: String) throws {
        let path = try folder.write("bad.jsonl", #"{"prompt_ids": [3], "completion_ids": [4, 1], \#(member)}"# + "\n")
        let error = #expect(throws: (any Error).self) { try TrajectoryLengths(path: path, encoding: tiny.encoding) }
        #expect("\(error as Any)".contains(words) && "\(error as Any)".contains("line 1"))
    }
}
