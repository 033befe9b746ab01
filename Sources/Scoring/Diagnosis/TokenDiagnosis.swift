import Tensor

/// Where heads' teacher-forced gain comes from: from a better mean temperature, or from moving it token by token.
///
/// In inverse temperature β = 1/T̂ a label's log probability is concave, with slope g = l_y − E_p[l] and second
/// derivative −v = −Var_p(l). Against the constant β̄, the mean over a training half of the trajectories, with δ = β −
/// β̄:
///
///     gain = E[log p_y(β) − log p_y(β̄)] ≈ E[g·δ] − ½E[v·δ²]
///
/// E weighs labels as training did: all the same, or by base probability.
///
/// Only steps that go where labels want to earn the alignment E[g·δ]; steps of any direction pay the curvature penalty.
public struct TokenDiagnosis: Sendable, Equatable, Codable {
    /// What of the heads gains. An interval that spans zero shows nothing; what does not gain may lose, and more than
    /// the other gains.
    public enum Finding: String, Sendable, Codable {
        /// The heads' β beats β̄, and β̄ does not beat T = 1.
        case tokenLevelControl
        /// β̄ beats T = 1, and the heads' β does not beat β̄.
        case betterMean
        case both
        case neither
    }

    /// β̄.
    public let meanInverseTemperature: Double
    /// Whether labels count as much as their base probability, as Dynamic Fine-Tuning weighs them.
    public let isWeighted: Bool
    /// Trajectories that were measured, those of the training half not counted.
    public let trajectories: Int
    public let total: DiagnosisRow
    /// Tokens whose largest p of softmax(l) is below ``MeanKnobs/certainty``: where a temperature changes what is
    /// drawn.
    public let uncertain: DiagnosisRow
    public let quartileBounds: EntropyQuartiles
    /// By entropy of softmax(l), ascending.
    public let quartiles: [DiagnosisRow]

    /// - Parameters:
    ///   - tokens: of the measured half, all with one β̄, in any order.
    ///   - isWeighted: whether the tokens' weights are base probabilities; else they are 1.
    ///   - quartiles: from the training half.
    ///   - bootstrap: over trajectories.
    /// - Throws: ``ScoringError`` for tokens of too few trajectories.
    public init(
        of tokens: some Sequence<TokenObservation>, mean: Double, isWeighted: Bool = false, quartiles: EntropyQuartiles,
        bootstrap: Bootstrap = Bootstrap(resamples: 2000)
    ) throws {
        var sums = DiagnosisAccumulator(mean: mean, quartiles: quartiles)
        for token in tokens { sums.add(token) }
        try self.init(sums, isWeighted: isWeighted, bootstrap)
    }

    init(_ sums: DiagnosisAccumulator, isWeighted: Bool, _ bootstrap: Bootstrap) throws {
        guard sums.total.trajectories >= Bootstrap.fewest else {
            throw ScoringError(
                "the measured half has \(sums.total.trajectories) trajectories, expected at least \(Bootstrap.fewest) "
                    + "for an interval"
            )
        }
        (meanInverseTemperature, self.isWeighted) = (sums.mean, isWeighted)
        trajectories = sums.total.trajectories
        total = sums.total.row(bootstrap)
        uncertain = sums.uncertain.row(bootstrap)
        quartileBounds = sums.bounds
        quartiles = sums.quartiles.map { $0.row(bootstrap) }
    }

    public var finding: Finding {
        switch (total.gain.isAboveZero, total.meanGain.isAboveZero) {
        case (true, false): .tokenLevelControl
        case (false, true): .betterMean
        case (true, true): .both
        case (false, false): .neither
        }
    }
}

/// The sums of all tokens, of the uncertain ones, and of each quartile.
struct DiagnosisAccumulator {
    let mean: Double
    let bounds: EntropyQuartiles
    private(set) var total = DiagnosisSums(), uncertain = DiagnosisSums()
    private(set) var quartiles = [DiagnosisSums](repeating: DiagnosisSums(), count: 4)

    init(mean: Double, quartiles: EntropyQuartiles) { (self.mean, bounds) = (mean, quartiles) }

    mutating func add(_ token: TokenObservation) {
        require(
            token.atMean.inverseTemperature == mean,
            "a token measured at β̄ = \(token.atMean.inverseTemperature), expected \(mean)")
        total.add(token)
        if token.largestProbability < MeanKnobs.certainty { uncertain.add(token) }
        quartiles[bounds.index(of: token.entropy)].add(token)
    }
}
