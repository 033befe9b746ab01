/// What a group of tokens tells about heads: means over its tokens, in nats where not said otherwise. All 0 for a group
/// without tokens.
///
/// Log probabilities, slopes and variances count by each token's weight, and are divided by the number of tokens, as
/// losses are; mean β and the share of signs are divided by the weights. Entropy, floored share, cut-off share and
/// trimmed mass count every token the same, and so does mean T̂.
public struct DiagnosisRow: Sendable, Equatable, Codable {
    public var tokens = 0
    /// Of softmax(l).
    public var meanEntropy = 0.0
    /// Mean T̂ of the heads.
    public var meanTemperature = 0.0
    /// Mean β of the heads.
    public var meanInverseTemperature = 0.0
    /// log p_y at the constant β̄ minus at T = 1: what a better mean gives.
    public var meanGain = Estimate(mean: 0, lower: 0, upper: 0)
    /// log p_y at the heads' β minus at the constant β̄: what token-level control gives.
    public var gain = Estimate(mean: 0, lower: 0, upper: 0)
    /// The sum of both: log p_y at the heads' β minus at T = 1.
    public var gainOverOne = Estimate(mean: 0, lower: 0, upper: 0)
    /// E[g·δ] with δ = β − β̄: how far steps go where the label wants to.
    public var alignment = Estimate(mean: 0, lower: 0, upper: 0)
    /// ½E[v·δ²] ≥ 0: what steps of this size cost whatever their sign.
    public var curvaturePenalty = 0.0
    /// gain − (alignment − curvature penalty): third order and beyond.
    public var remainder = 0.0
    /// E[g·δ]/√(E[g²]·E[δ²]), −1 to 1: the alignment beside the largest that steps of this size could have (Cauchy and
    /// Schwarz). Nil where all g or all δ are 0.
    public var efficiency: Double?
    /// Share of g and δ with one sign, among tokens where neither is 0. Nil where there is none.
    public var signAgreement: Double?
    /// log p_y at each token's best β in ``TokenObservation/oracleRange`` minus at β̄.
    public var oracleGain = 0.0
    /// Share of tokens with T̂ below ``TokenObservation/smallestTemperature``.
    public var flooredShare = 0.0
    /// Share of tokens whose label the hard filter takes away, and mean of all the probability that it takes away.
    /// Labels drawn from softmax(l/T̂) would be cut off as often as mass is trimmed.
    public var cutOffShare = Estimate(mean: 0, lower: 0, upper: 0)
    public var trimmedMass = 0.0
}

/// The sums behind a ``DiagnosisRow``.
struct DiagnosisSums {
    /// Of one trajectory: tokens of one trajectory are no independent draws, so intervals come from whole trajectories.
    private struct Cluster {
        var tokens = 0.0
        var meanGain = 0.0
        var gain = 0.0
        var gainOverOne = 0.0
        var alignment = 0.0
        var cutOff = 0.0
    }

    private var clusters: [Cluster] = []
    private var places: [Int: Int] = [:]
    private var entropy = 0.0, temperature = 0.0, inverseTemperature = 0.0
    private var penalty = 0.0, oracle = 0.0, floored = 0.0, trimmed = 0.0
    private var squaredSlope = 0.0, squaredStep = 0.0
    private var agreeing = 0.0, decided = 0.0, weights = 0.0

    var trajectories: Int { clusters.count }

    /// Steps closer to nought than this share of β̄ are rounding.
    private static let smallestStep = 1e-9

    mutating func add(_ token: TokenObservation) {
        let mean = token.atMean.inverseTemperature, difference = token.inverseTemperature - mean
        let δ = abs(difference) > Self.smallestStep * mean ? difference : 0, g = token.atMean.slope
        let place = places[token.trajectory] ?? clusters.count
        if place == clusters.count {
            places[token.trajectory] = place
            clusters.append(Cluster())
        }
        let weight = token.weight
        clusters[place].tokens += 1
        let meanGain = weight * (token.atMean.logProbability - token.logProbabilityAtOne)
        let gain = δ == 0 ? 0 : weight * (token.logProbability - token.atMean.logProbability)
        clusters[place].meanGain += meanGain
        clusters[place].gain += gain
        clusters[place].gainOverOne += meanGain + gain
        clusters[place].alignment += weight * g * δ
        clusters[place].cutOff += token.isCutOff ? 1 : 0
        entropy += token.entropy
        temperature += token.temperature
        weights += weight
        inverseTemperature += weight * token.inverseTemperature
        penalty += weight * token.atMean.variance * δ * δ / 2
        oracle += weight * (token.bestLogProbability - token.atMean.logProbability)
        floored += token.isFloored ? 1 : 0
        trimmed += token.trimmedMass
        squaredSlope += weight * g * g
        squaredStep += weight * δ * δ
        if g != 0, δ != 0 {
            decided += weight
            if (g > 0) == (δ > 0) { agreeing += weight }
        }
    }

    func row(_ bootstrap: Bootstrap) -> DiagnosisRow {
        let n = clusters.reduce(0) { $0 + $1.tokens }
        guard n > 0 else { return DiagnosisRow() }
        /// The mean over tokens. Its interval is that of the linearised ratio of two sums over trajectories.
        func estimate(_ sum: KeyPath<Cluster, Double>) -> Estimate {
            let ratio = clusters.reduce(0) { $0 + $1[keyPath: sum] } / n, size = n / Double(clusters.count)
            let interval = bootstrap.mean(of: clusters.map { ratio + ($0[keyPath: sum] - ratio * $0.tokens) / size })
            return Estimate(
                mean: ratio, lower: interval.lower, upper: interval.upper, count: clusters.count, p: interval.p)
        }
        var row = DiagnosisRow()
        row.tokens = Int(n)
        row.meanEntropy = entropy / n
        row.meanTemperature = temperature / n
        row.meanInverseTemperature = weights > 0 ? inverseTemperature / weights : 0
        row.meanGain = estimate(\.meanGain)
        row.gain = estimate(\.gain)
        row.gainOverOne = estimate(\.gainOverOne)
        row.alignment = estimate(\.alignment)
        row.curvaturePenalty = penalty / n
        row.remainder = row.gain.mean - (row.alignment.mean - row.curvaturePenalty)
        let bound = (squaredSlope / n * squaredStep / n).squareRoot()
        row.efficiency = bound > 0 ? row.alignment.mean / bound : nil
        row.signAgreement = decided > 0 ? agreeing / decided : nil
        row.oracleGain = oracle / n
        row.flooredShare = floored / n
        row.cutOffShare = estimate(\.cutOff)
        row.trimmedMass = trimmed / n
        return row
    }
}
