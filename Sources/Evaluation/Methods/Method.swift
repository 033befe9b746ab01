import AutoDecoHeads
import Decoding
import Foundation

/// A way of decoding that is compared with others.
public struct Method: Sendable {
    /// How tables name it, such as "T = 0.7, P = 1".
    public let name: String
    /// Whether all samples of a problem are the same, so that one says all.
    public let isDeterministic: Bool
    public let policy: any DecodingPolicy

    public init(name: String, isDeterministic: Bool = false, policy: any DecodingPolicy) {
        (self.name, self.isDeterministic, self.policy) = (name, isDeterministic, policy)
    }

    /// The likeliest token, always.
    public static let greedy = Method(name: "greedy", isDeterministic: true, policy: GreedyPolicy())

    /// Static temperature and top-p with the hard filter.
    ///
    /// - Throws: `DecodingError` for a setting without meaning.
    public init(pair: StaticPair) throws {
        self.init(
            name: "\(pair)", isDeterministic: pair.temperature == 0,
            policy: try SamplingPolicy(temperature: pair.temperature, topP: pair.topP))
    }
}

extension Method {
    /// Trained heads, with what their P̂ shall mean.
    ///
    /// - Parameter hiddenSize: D of the model that they decode.
    /// - Throws: for a folder without heads that can be read, and for heads of a model of another size.
    public init(heads folder: URL, filter: NucleusFilter, hiddenSize: Int) throws {
        let heads = try AutoDecoHeads<Float>(folder: folder)
        guard heads.configuration.hiddenSize == hiddenSize else {
            throw EvaluationError(
                "\(folder.path): the heads read hidden states of size \(heads.configuration.hiddenSize), the model's have \(hiddenSize)")
        }
        // A run keeps its heads in a folder of that name: the run is what tells them apart.
        let run = folder.lastPathComponent == "heads" ? folder.deletingLastPathComponent() : folder
        self.init(name: "heads of \(run.lastPathComponent), \(filter.rawValue)", policy: HeadsPolicy(heads: heads, filter: filter))
    }
}

/// A temperature and a top-p that hold for every token.
public struct StaticPair: Sendable, Hashable, Codable, CustomStringConvertible {
    public let temperature, topP: Double

    public init(temperature: Double, topP: Double) { (self.temperature, self.topP) = (temperature, topP) }

    /// What a model is decoded with where nobody sets anything.
    public static let defaultSampling = StaticPair(temperature: 1, topP: 1)

    public var description: String { "T = \(shortest(temperature)), P = \(shortest(topP))" }

    /// Without the decimals of a whole number.
    private func shortest(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
}
