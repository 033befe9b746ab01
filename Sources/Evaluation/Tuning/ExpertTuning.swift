/// Expert-guided tuning, the paper's search: what a patient expert finds who may look at the problems that are
/// measured.
///
/// The temperature with the best pass@1 at P = 1, then the top-p with the best one at that temperature, of two equal
/// ones the smaller. It is an oracle: nobody has it for new problems.
public struct ExpertTuning: Sendable, Equatable {
    /// The two curves, and the best point of both.
    public let temperatures: [TunedPoint], topPs: [TunedPoint]
    public let best: TunedPoint

    /// - Parameters:
    ///   - temperatures: at least one; 0 is greedy.
    ///   - topPs: may be empty.
    ///   - measure: a pair's result; asked once for each, from the highest temperature and P on, so that whoever is
    ///     asked may conclude from a pair to those below it.
    /// - Returns: nil where `measure` gave nil, because it was cancelled.
    public init?(temperatures: [Double], topPs: [Double], measure: (StaticPair) throws -> MethodResult?) rethrows {
        var known: [StaticPair: TunedPoint] = [:]
        func points(_ pairs: [StaticPair]) throws -> [TunedPoint]? {
            for pair in pairs.reversed() where known[pair] == nil {
                guard let found = try measure(pair) else { return nil }
                known[pair] = TunedPoint(pair: pair, result: found)
            }
            return pairs.compactMap { known[$0] }
        }
        guard let first = try points(Set(temperatures).sorted().map { StaticPair(temperature: $0, topP: 1) }),
            let warmest = first.best
        else { return nil }
        let second = Set(topPs).sorted().map { StaticPair(temperature: warmest.pair.temperature, topP: $0) }
        // Greedy has no top-p.
        guard let second = try points(warmest.pair.temperature == 0 ? [] : second),
            let overall = (second + [warmest]).best
        else { return nil }
        (self.temperatures, self.topPs, self.best) = (first, second, overall)
    }
}
