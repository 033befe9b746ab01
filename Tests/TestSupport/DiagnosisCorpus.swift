import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor

/// A cache whose labels are drawn at a temperature that the first column of the hidden state may tell.
package struct DiagnosisCorpus {
    package static let D = 8, V = 30
    package let folder: TemporaryFolder
    package let cache: HiddenStateCache

    /// - Parameters:
    ///   - cold, warm: temperatures of labels where the first column is negative, and positive.
    package init(
        cold: Double, warm: Double, trajectories: Int = 80, sketch: SketchShape = .standard, seed: UInt64 = 1
    ) throws {
        folder = try TemporaryFolder()
        var random = RandomGenerator(seed: seed)
        let D = Self.D, V = Self.V
        let weights = (0..<V * D).map { _ in Float(random.normal()) }
        func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
            var logits = Tensor<Float>(shape: [hidden.rows, V])
            for row in 0..<hidden.rows {
                // The first two columns tell nothing about logits.
                for token in 0..<V { for i in 2..<D { logits[row, token] += hidden[row, i] * weights[token * D + i] } }
            }
            return logits
        }
        let lengths = (0..<trajectories).map { _ in 20 + Int(random.next() % 40) }
        let description = try CacheDescription(
            modelName: "linear", modelPath: "/models/linear", hiddenSize: D, vocabularySize: V, topLogits: sketch.exact,
            tailBins: sketch.bins,
            hiddenType: .f32)
        let writer = try CacheWriter(
            folder: folder.url, description: description, plan: ShardPlan(lengths: lengths, shardTokens: 1000),
            fingerprint: "corpus \(seed)",
            projection: nil)
        for shard in writer.plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories {
                    let hidden = Tensor<Float>(
                        shape: [lengths[line], D], (0..<lengths[line] * D).map { _ in Float(random.normal()) })
                    let l = logits(hidden)
                    let labels = (0..<lengths[line]).map { row -> Int in
                        let T = Float(hidden[row, 0] < 0 ? cold : warm)
                        let p = Tensor<Float>(shape: [1, V], (0..<V).map { l[row, $0] / T }).softmax()
                        var rest = Float(random.uniform())
                        for token in 0..<V {
                            rest -= p[token]
                            if rest <= 0 { return token }
                        }
                        return V - 1
                    }
                    try tokens.append(
                        trajectory: line, labels: labels, firstPosition: 3, hidden: hidden, logits: logits)
                }
            }
        }
        try writer.finish(backbone: nil)
        cache = try HiddenStateCache(folder: folder.url)
    }

    /// Heads that say `cold` where a column is negative and `warm` where it is positive, with a steep ramp between, and
    /// one P̂ for all.
    package static func heads(cold: Double, warm: Double, column: Int, topP: Double? = nil) -> AutoDecoHeads<Float> {
        func logit(_ p: Double) -> Float { Float(log(p / (1 - p))) }
        var first = Tensor<Float>(shape: [2, D])
        (first[0, column], first[1, column]) = (100, 100)
        // relu(x + ½) − relu(x − ½) is 0 below −½ and 1 above ½.
        let low = logit(cold / 2), rise = logit(warm / 2) - low
        let temperature = HeadParameters(
            firstWeight: first, firstBias: Tensor<Float>(shape: [2], [0.5, -0.5]),
            secondWeight: Tensor(shape: [1, 2], [rise, -rise]),
            secondBias: Tensor(shape: [1], [low]))
        let configuration = HeadsConfiguration(
            hiddenSize: D, heads: topP == nil ? .temperature : .both, enhancedFeatures: false, innerSize: 2)
        let nucleus = topP.map {
            HeadParameters(
                firstWeight: Tensor<Float>(shape: [2, D + 1]), firstBias: Tensor(shape: [2]),
                secondWeight: Tensor(shape: [1, 2]),
                secondBias: Tensor(shape: [1], [logit($0)]))
        }
        return AutoDecoHeads(
            configuration: configuration, parameters: HeadsParameters(temperature: temperature, topP: nucleus))
    }
}
