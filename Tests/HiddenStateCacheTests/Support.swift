import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Tensor

/// A folder that is there as long as this object.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("autodeco-cache-tests-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// The bytes of all files, by name.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: url.path) {
            files[name] = FileManager.default.contents(atPath: path(name))
        }
        return files
    }

    func replace(_ name: String, _ change: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: url.appendingPathComponent(name))
        change(&data)
        try data.write(to: url.appendingPathComponent(name))
    }
}

/// Random trajectories of a random linear "model" with D = 12: what a cache is made from.
struct Corpus {
    static let D = 12
    let V: Int
    /// One entry a line of the trajectories' file; lines without tokens are left out of the cache.
    let lengths: [Int]
    /// For each line [n, D], n labels, and the first label's position.
    let hidden: [Tensor<Float>]
    let labels: [[Int]]
    let firstPositions: [Int]
    private let weights: [Float]

    init(lengths: [Int], V: Int = 40, seed: UInt64 = 1) {
        var random = RandomGenerator(seed: seed)
        let weights = (0..<V * Self.D).map { _ in Float(random.normal()) }
        (self.V, self.lengths, self.weights) = (V, lengths, weights)
        hidden = lengths.map { n in Tensor(shape: [n, Self.D], (0..<n * Self.D).map { _ in Float(random.normal()) }) }
        labels = lengths.map { n in (0..<n).map { _ in Int(random.next() % UInt64(V)) } }
        firstPositions = lengths.map { _ in 1 + Int(random.next() % 20) }
    }

    /// The same model and file of trajectories, of which all lines but some are left out.
    func part(_ contains: (Int) -> Bool) -> Corpus {
        Corpus(self, lengths: lengths.enumerated().map { contains($0) ? $1 : 0 })
    }

    private init(_ corpus: Corpus, lengths: [Int]) {
        (V, weights, hidden, labels) = (corpus.V, corpus.weights, corpus.hidden, corpus.labels)
        (firstPositions, self.lengths) = (corpus.firstPositions, lengths)
    }

    /// Each row by itself, so that a row's logits do not depend on its company.
    func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
        var logits = Tensor<Float>(shape: [hidden.rows, V])
        for row in 0..<hidden.rows {
            for token in 0..<V {
                var sum: Float = 0
                for i in 0..<Self.D { sum += hidden[row, i] * weights[token * Self.D + i] }
                logits[row, token] = sum
            }
        }
        return logits
    }

    var allHidden: Tensor<Float> { Tensor(shape: [lengths.reduce(0, +), Self.D], hidden.flatMap(\.elements)) }
    var allLabels: [Int] { labels.flatMap { $0 } }

    func description(
        _ K: Int = 256, _ B: Int = 128, _ type: ElementType = .f32, rank: Int? = nil
    ) throws -> CacheDescription {
        try CacheDescription(
            modelName: "linear", modelPath: "/models/linear", hiddenSize: Self.D, vocabularySize: V, topLogits: K,
            tailBins: B, hiddenType: type, rank: rank)
    }

    func writer(
        _ folder: TemporaryFolder, _ description: CacheDescription, shardTokens: Int = 100,
        fingerprint: String = "corpus", projection: Projection? = nil
    ) throws -> CacheWriter {
        try CacheWriter(
            folder: folder.url, description: description, plan: ShardPlan(lengths: lengths, shardTokens: shardTokens),
            fingerprint: fingerprint,
            projection: projection)
    }

    func write(_ shard: ShardPlan.Shard, with writer: CacheWriter) throws {
        try writer.write(shard) { tokens in
            for line in shard.trajectories where lengths[line] > 0 {
                try tokens.append(
                    trajectory: line, labels: labels[line], firstPosition: firstPositions[line], hidden: hidden[line]
                ) { logits($0) }
            }
        }
    }

    /// Writes all shards that are missing.
    func write(with writer: CacheWriter, backbone: URL? = nil, problems: [Int32]? = nil) throws {
        for shard in writer.plan.shards where !writer.isWritten(shard) { try write(shard, with: writer) }
        try writer.finish(backbone: backbone, problems: problems)
    }

    /// A finished cache in a new folder.
    func cache(
        _ description: CacheDescription, shardTokens: Int = 100, projection: Projection? = nil, problems: [Int32]? = nil
    ) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        try write(
            with: writer(folder, description, shardTokens: shardTokens, projection: projection), problems: problems)
        return folder
    }
}

/// The message of what `body` throws; nil where it throws nothing.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch { return "\(error)" }
}

/// Fresh heads.
func randomHeads<Element: Scalar>(
    _ size: Int, seed: UInt64 = 5, as type: Element.Type = Element.self
) -> AutoDecoHeads<Element> {
    var random = RandomGenerator(seed: seed)
    return AutoDecoHeads(configuration: HeadsConfiguration(hiddenSize: size), random: &random)
}

/// Largest |a − b| / (1 + |b|); infinite where a number is NaN, or shapes differ.
func difference<Element: Scalar>(_ a: Tensor<Element>, _ b: Tensor<Element>) -> Double {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.elements, b.elements).reduce(0) { worst, pair in
        let error = abs(Double(pair.0) - Double(pair.1)) / (1 + abs(Double(pair.1)))
        return error <= worst ? worst : error.isNaN ? .infinity : error
    }
}
