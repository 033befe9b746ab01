/// A static pair that was tried.
public struct TunedPoint: Sendable, Equatable {
    public let pair: StaticPair
    public let result: MethodResult

    /// Whether nothing but the likeliest token could be drawn at any place, so that all samples are greedy decoding's.
    public var equalsGreedy: Bool { result.outcomes.isCertain }

    public init(pair: StaticPair, result: MethodResult) { (self.pair, self.result) = (pair, result) }
}

extension Collection<TunedPoint> {
    /// The first of the best; nil where there is none.
    var best: TunedPoint? {
        reduce(nil as TunedPoint?) { best, point in
            guard let best, best.result.passRate >= point.result.passRate else { return point }
            return best
        }
    }
}

/// Static pairs at which nothing but the likeliest token can be drawn.
///
/// Where the likeliest token alone reaches P at every place, a smaller P keeps it alone, too, and so does a lower
/// temperature, at which it is likelier: what is known of one pair holds for all below and beside it. It holds for the
/// problems that were measured, along greedy decoding's own completions.
struct GreedyRegion {
    private var corners: [StaticPair] = []

    /// - Parameter pair: at which only the likeliest token could be drawn.
    mutating func insert(_ pair: StaticPair) { corners.append(pair) }

    func contains(_ pair: StaticPair) -> Bool {
        pair.isGreedy || corners.contains { pair.temperature <= $0.temperature && pair.topP <= $0.topP }
    }
}
