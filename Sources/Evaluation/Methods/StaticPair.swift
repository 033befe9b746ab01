/// A temperature and a top-p that hold for every token.
public struct StaticPair: Sendable, Hashable, Codable, CustomStringConvertible {
    public let temperature, topP: Double

    public init(temperature: Double, topP: Double) { (self.temperature, self.topP) = (temperature, topP) }

    /// What a model is decoded with where nobody sets anything.
    public static let defaultSampling = StaticPair(temperature: 1, topP: 1)

    /// Whether it is greedy decoding by what it says: T = 0, or P = 0, which keeps the likeliest token alone.
    public var isGreedy: Bool { temperature == 0 || topP == 0 }

    public var description: String { "T = \(shortest(temperature)), P = \(shortest(topP))" }

    /// Without the decimals of a whole number.
    private func shortest(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
}
