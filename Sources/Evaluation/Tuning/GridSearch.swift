/// The best static pair of a full grid of temperatures and thresholds: every point with few samples, the best ones
/// again with more.
///
/// The best pairs lie along a ridge, where a higher temperature goes with a smaller P. The paper's search, which moves
/// along one knob at a time, stops on its flank; the grid does not. Like it, this looks at the problems that are
/// measured: it is an oracle.
public struct GridSearch: Sendable, Equatable {
    /// By temperature, then P, ascending.
    public let points: [TunedPoint]
    /// The best of them with more samples, in the same order.
    public let finalists: [TunedPoint]
    /// The best finalist.
    public let best: TunedPoint

    /// How often a point is measured.
    public enum Round: Sendable { case all, finalists }

    /// All points, by temperature, then P, ascending; empty where either list is.
    ///
    /// - Parameters:
    ///   - temperatures: from 0 up.
    ///   - topPs: 0 to 1.
    public static func pairs(_ temperatures: [Double], _ topPs: [Double]) -> [StaticPair] {
        Set(temperatures).sorted().flatMap { temperature in
            Set(topPs).sorted().map { StaticPair(temperature: temperature, topP: $0) }
        }
    }

    /// - Parameters:
    ///   - pairs: at least one.
    ///   - finalists: how many of the best are measured again, at least 1. Of points that equal greedy one is.
    ///   - measure: a pair's result, asked from the highest temperature and P on, so that whoever is asked may conclude
    ///     from a pair to those below it.
    /// - Returns: nil where `measure` gave nil, because it was cancelled, or there are no pairs.
    public init?(
        _ pairs: [StaticPair], finalists count: Int, measure: (StaticPair, Round) throws -> MethodResult?
    ) rethrows {
        func points(_ pairs: [StaticPair], _ round: Round) throws -> [TunedPoint]? {
            var points: [TunedPoint] = []
            for pair in pairs.reversed() {
                guard let found = try measure(pair, round) else { return nil }
                points.append(TunedPoint(pair: pair, result: found))
            }
            return points.reversed()
        }
        guard let all = try points(pairs, .all) else { return nil }
        let greedy = all.firstIndex { $0.equalsGreedy }
        let eligible = all.indices.filter { !all[$0].equalsGreedy || $0 == greedy }
        let ordered = eligible.sorted { (all[$1].result.passRate, $0) < (all[$0].result.passRate, $1) }
        let chosen = ordered.prefix(count).sorted().map { pairs[$0] }
        guard let finalists = try points(chosen, .finalists), let best = finalists.best else { return nil }
        (self.points, self.finalists, self.best) = (all, finalists, best)
    }
}
