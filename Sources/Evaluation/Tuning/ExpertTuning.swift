/// Expert-guided tuning: what a patient expert finds who may look at the problems that are measured.
///
/// The temperature with the best pass@1 at P = 1, then the top-p with the best one at that temperature, of two equal
/// ones the smaller. It is an oracle: nobody has it for new problems.
public struct ExpertTuning: Sendable, Equatable {
    /// The two curves, and the best point of both.
    public let temperatures: [Point], topPs: [Point]
    public let best: Point

    public struct Point: Sendable, Equatable {
        public let pair: StaticPair
        public let result: MethodResult
    }

    /// - Parameters:
    ///   - temperatures: at least one; 0 is greedy.
    ///   - topPs: may be empty.
    ///   - measure: a pair's result; asked once for each.
    /// - Returns: nil where `measure` gave nil, because it was cancelled.
    public init?(temperatures: [Double], topPs: [Double], measure: (StaticPair) throws -> MethodResult?) rethrows {
        var known: [StaticPair: Point] = [:]
        func points(_ pairs: [StaticPair]) throws -> [Point]? {
            var points: [Point] = []
            for pair in pairs {
                if known[pair] == nil {
                    guard let found = try measure(pair) else { return nil }
                    known[pair] = Point(pair: pair, result: found)
                }
                points += [known[pair]].compactMap { $0 }
            }
            return points
        }
        /// The first of the best.
        func best(_ points: [Point]) -> Point? {
            points.reduce(nil as Point?) { best, point in
                guard let best, best.result.passRate >= point.result.passRate else { return point }
                return best
            }
        }
        guard let first = try points(temperatures.sorted().map { StaticPair(temperature: $0, topP: 1) }),
            let warmest = best(first)
        else { return nil }
        let second = topPs.sorted().map { StaticPair(temperature: warmest.pair.temperature, topP: $0) }
        // Greedy has no top-p.
        guard let second = try points(warmest.pair.temperature == 0 ? [] : second),
            let overall = best(second + [warmest])
        else { return nil }
        (self.temperatures, self.topPs, self.best) = (first, second, overall)
    }
}
