import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Tensor
import Testing
@testable import Training

/// A bandit of two kinds of places, one token each. At both, token 1 is right; token 0 is likelier, and many others are
/// hardly likely: too low a temperature takes token 0, too high a one the others. With n others of logit −c below
/// token 1 and token 0 of logit a above it, 1/T* = ln(nc/a)/(a + c).
private struct Bandit {
    static let D = 4, others = 10
    static let kinds: [(a: Double, c: Double)] = [(0.425, 1.275), (1.106, 3.317)]

    static func best(_ kind: Int) -> Double {
        let (a, c) = kinds[kind]
        return (a + c) / log(Double(others) * c / a)
    }

    static func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
        var logits = Tensor<Float>(shape: [hidden.rows, others + 2])
        for row in 0..<hidden.rows {
            let (a, c) = kinds[hidden[row, 0] > 0 ? 1 : 0]
            for token in 0..<others + 2 { logits[row, token] = Float(token == 0 ? a : token == 1 ? 0 : -c) }
        }
        return logits
    }

    /// States whose first number tells the kind, every other place of the other kind.
    static func places(_ count: Int, _ random: inout RandomGenerator) -> Tensor<Float> {
        var hidden = Tensor<Float>(shape: [count, D])
        for row in 0..<count {
            for i in 1..<D { hidden[row, i] = Float(random.normal()) }
            hidden[row, 0] = row % 2 == 0 ? -1 : 1
        }
        return hidden
    }
}

@Suite struct PlantedBanditTests {
    private static let problems = 160, samples = 8

    /// Draws a cache with heads: each place is a problem of its own, drawn several times.
    private func cache(
        _ heads: AutoDecoHeads<Float>, _ random: inout RandomGenerator, in folder: URL
    ) throws -> HiddenStateCache {
        let count = Self.problems * Self.samples, places = Bandit.places(Self.problems, &random)
        let hidden = Tensor<Float>(
            shape: [count, Bandit.D],
            (0..<count).flatMap { line in (0..<Bandit.D).map { places[line / Self.samples, $0] } })
        var generators = (0..<count).map { RandomGenerator(seed: random.next(), stream: UInt64($0)) }
        let drawn = try HeadsPolicy(heads: heads).choose(
            hidden: hidden, logits: Bandit.logits(hidden), random: &generators)
        let writer = try CacheWriter(
            folder: folder,
            description: CacheDescription(
                modelName: "bandit", modelPath: "", hiddenSize: Bandit.D, vocabularySize: Bandit.others + 2,
                hiddenType: .f32),
            plan: ShardPlan(lengths: Array(repeating: 1, count: count), shardTokens: count), fingerprint: "bandit",
            recordsBehaviour: true)
        for shard in writer.plan.shards {
            try writer.write(shard) { tokens in
                try tokens.append(
                    trajectories: Array(0..<count), labels: drawn.map(\.token),
                    positions: Array(repeating: 1, count: count), hidden: hidden,
                    behaviour: drawn.map { Float(log($0.drawProbability)) }, logits: Bandit.logits)
            }
        }
        let groups = (0..<count).map { Int32($0 / Self.samples) }
        try writer.finish(
            backbone: nil, problems: groups,
            rewards: LineRewards(rewards: drawn.map { $0.token == 1 ? 1 : 0 }, groups: groups))
        return try HiddenStateCache(folder: folder)
    }

    /// Mean T̂ of each kind.
    private func temperatures(_ heads: AutoDecoHeads<Float>) throws -> [Double] {
        var random = RandomGenerator(seed: 99), generators: [RandomGenerator] = []
        let places = Bandit.places(64, &random)
        generators = (0..<64).map { RandomGenerator(seed: 1, stream: $0) }
        let drawn = try HeadsPolicy(heads: heads).choose(
            hidden: places, logits: Bandit.logits(places), random: &generators)
        return (0..<2).map { kind in
            let own = drawn.indices.filter { $0 % 2 == kind }
            return own.reduce(0) { $0 + drawn[$1].temperature } / Double(own.count)
        }
    }

    @Test func roundsOfRewardFindTheBestTemperatureOfEachKindOfPlace() throws {
        let folder = try TemporaryFolder()
        var random = RandomGenerator(seed: 4)
        var heads = AutoDecoHeads<Float>(
            configuration: HeadsConfiguration(hiddenSize: Bandit.D, heads: .temperature), random: &random)
        var path = folder.url.appendingPathComponent("first")
        try heads.write(to: path, origin: HeadsOrigin(baseModel: "bandit"))
        let before = try temperatures(heads), best = (0..<2).map(Bandit.best)
        #expect(abs(best[0] - 0.5) < 0.01 && abs(best[1] - 1.3) < 0.01)
        for round in 0..<10 {
            let cache = try cache(heads, &random, in: folder.url.appendingPathComponent("cache-\(round)"))
            let run = RunFolder(folder.url.appendingPathComponent("run-\(round)"))
            let settings = [
                "objective=reward", "dynamicFineTuning=false", "easyTokenDrop=0", "validationFraction=0",
                "heads=temperature", "initialHeads=\"\(path.path)\"", "steps=12", "trajectoriesPerStep=320",
                "learningRate=\(round < 6 ? 0.006 : 0.002)", "seed=\(round)",
            ]
            let configuration = try RunConfiguration(
                json5: Data("{}".utf8), file: "test", overrides: settings.map { "training.\($0)" })
            try configuration.trainer(cache: cache, folder: run).finished()
            path = run.heads
            heads = try AutoDecoHeads(folder: path)
        }
        let after = try temperatures(heads)
        print("planted bandit: T̂ \(before) before, \(after) after ten rounds, best \(best)")
        for kind in 0..<2 {
            #expect(abs(before[kind] - best[kind]) > 0.2 && abs(after[kind] - best[kind]) < 0.12)
        }
    }
}
