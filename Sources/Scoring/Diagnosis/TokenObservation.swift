import AutoDecoHeads
import LogitSketches
import Tensor

/// What heads say about one token and what became of it: all that ``TokenDiagnosis`` needs.
///
/// Log probabilities are those of the label y under softmax(βl), β = 1/T.
public struct TokenObservation: Sendable, Equatable {
    /// Line of the trajectory in its file.
    public var trajectory: Int
    /// What its log probability counts: 1, or softmax(l)_y where training weighed labels so.
    public var weight = 1.0
    /// Entropy of softmax(l), nats.
    public var entropy: Double
    /// The largest p of softmax(l), and T̂ as predicted.
    public var largestProbability: Double
    public var temperature: Double
    /// β = 1/max(T̂, floor), and whether T̂ was below the floor.
    public var inverseTemperature: Double
    public var isFloored: Bool
    /// log p_y at β = 1, at the heads' β, and at the best β for this token.
    public var logProbabilityAtOne: Double
    public var logProbability: Double
    public var bestLogProbability: Double
    /// log p_y, g = l_y − E_p[l] and v = Var_p(l) at the constant β̄.
    public var atMean: InverseTemperatureResponse
    /// Whether the hard filter at (T̂, P̂) takes the label away, and the probability of all it takes away.
    public var isCutOff: Bool
    public var trimmedMass: Double

    /// - Parameters:
    ///   - largestProbability: that of the label where nil, the least that it can be.
    ///   - temperature: 1/β where nil.
    public init(
        trajectory: Int, entropy: Double, inverseTemperature: Double, isFloored: Bool = false,
        logProbabilityAtOne: Double,
        logProbability: Double, bestLogProbability: Double, atMean: InverseTemperatureResponse, isCutOff: Bool = false,
        trimmedMass: Double = 0, largestProbability: Double? = nil, temperature: Double? = nil
    ) {
        self.largestProbability = largestProbability ?? Double.exponential(logProbabilityAtOne)
        self.temperature = temperature ?? 1 / inverseTemperature
        (self.trajectory, self.entropy) = (trajectory, entropy)
        (self.inverseTemperature, self.isFloored) = (inverseTemperature, isFloored)
        (self.logProbabilityAtOne, self.logProbability, self.bestLogProbability) = (
            logProbabilityAtOne, logProbability, bestLogProbability
        )
        (self.atMean, self.isCutOff, self.trimmedMass) = (atMean, isCutOff, trimmedMass)
    }

    /// T̂ below this counts as this: β grows without bound towards T̂ = 0.
    public static let smallestTemperature = 0.05
    /// β of the per-token oracle: T from 0.05 to 2, all that a head can say.
    public static let oracleRange = 0.5...20.0

    /// β of a prediction T̂.
    static func inverseTemperature(of temperature: Double) -> Double { 1 / max(temperature, smallestTemperature) }

    /// The observation of a token at its prediction.
    ///
    /// - Parameters:
    ///   - mean: β̄.
    ///   - isWeighted: whether the label counts as much as its base probability.
    init(
        _ row: SketchRow, trajectory: Int, temperature: Double, topP: Double, mean: Double, isWeighted: Bool = false
    ) {
        let β = Self.inverseTemperature(of: temperature)
        let one = row.response(at: 1), nucleus = row.nucleus(at: β, topP: topP)
        self.init(
            trajectory: trajectory, entropy: one.entropy, inverseTemperature: β,
            isFloored: temperature < Self.smallestTemperature,
            logProbabilityAtOne: one.logProbability, logProbability: row.response(at: β).logProbability,
            bestLogProbability: row.bestResponse(in: Self.oracleRange).logProbability, atMean: row.response(at: mean),
            isCutOff: !nucleus.keepsLabel, trimmedMass: 1 - nucleus.mass,
            largestProbability: row.largestProbability, temperature: temperature)
        if isWeighted { weight = Double.exponential(one.logProbability) }
    }
}
