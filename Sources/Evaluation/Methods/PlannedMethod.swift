/// A method, how often it is sampled, and where it stands in the table.
struct PlannedMethod: Sendable {
    let method: Method
    let kind: RowKind
    let group: EvaluationResults.Group
    /// Where it is a constant pair.
    let pair: StaticPair?
    let seeds: [Int]
    /// Completions a problem and seed.
    let samples: Int
    /// What its runs are called. A method that stands in two rows is sampled once.
    let runName: String

    /// - Parameters:
    ///   - seeds: at least one; a deterministic method takes the first alone. As many of the first ones are used as
    ///     draw equal parts of `total`.
    ///   - total: completions a problem under these seeds together.
    ///   - runName: the method's name where nil.
    init(
        _ method: Method, _ kind: RowKind, _ group: EvaluationResults.Group, pair: StaticPair? = nil, seeds: [Int],
        total: Int, runName: String? = nil
    ) {
        (self.method, self.kind, self.group, self.pair) = (method, kind, group, pair)
        self.runName = runName ?? method.name
        let used = method.isDeterministic ? 1 : Self.largestCommonDivisor(seeds.count, total)
        self.seeds = Array(seeds.prefix(used))
        samples = method.isDeterministic ? 1 : total / used
    }

    var name: String { method.name }
    /// Completions a problem under all seeds.
    var samplesPerProblem: Int { seeds.count * samples }

    private static func largestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : largestCommonDivisor(b, a % b)
    }
}
