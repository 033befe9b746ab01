import AutoDecoHeads
import LogitSketches

/// What heads say about one token and what became of it: all that ``TokenDiagnosis`` needs.
///
/// Log probabilities are those of the label y under softmax(βl), β = 1/T.
public struct TokenObservation: Sendable, Equatable {
    /// Line of the trajectory in its file.
    public var trajectory: Int
    /// Entropy of softmax(l), nats.
    public var entropy: Double
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

    public init(
        trajectory: Int, entropy: Double, inverseTemperature: Double, isFloored: Bool = false,
        logProbabilityAtOne: Double,
        logProbability: Double, bestLogProbability: Double, atMean: InverseTemperatureResponse, isCutOff: Bool = false,
        trimmedMass: Double = 0
    ) {
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
    /// - Parameter mean: β̄.
    init(_ row: SketchRow, trajectory: Int, temperature: Double, topP: Double, mean: Double) {
        let β = Self.inverseTemperature(of: temperature)
        let one = row.response(at: 1), nucleus = row.nucleus(at: β, topP: topP)
        self.init(
            trajectory: trajectory, entropy: one.entropy, inverseTemperature: β,
            isFloored: temperature < Self.smallestTemperature,
            logProbabilityAtOne: one.logProbability, logProbability: row.response(at: β).logProbability,
            bestLogProbability: row.bestResponse(in: Self.oracleRange).logProbability, atMean: row.response(at: mean),
            isCutOff: !nucleus.keepsLabel, trimmedMass: 1 - nucleus.mass)
    }
}
