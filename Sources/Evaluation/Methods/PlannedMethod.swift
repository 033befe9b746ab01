/// A method, how often it is sampled, and where it stands in the table.
struct PlannedMethod: Sendable {
    let method: Method
    let group: EvaluationResults.Group
    /// Where it is a constant pair.
    let pair: StaticPair?
    let seeds: [Int]
    /// Completions a problem and seed.
    let samples: Int
    /// What its runs are called. A method that stands in two rows is sampled once.
    let runName: String

    /// - Parameters:
    ///   - total: completions a problem under all seeds together, a multiple of their number.
    ///   - runName: the method's name where nil.
    init(
        _ method: Method, _ group: EvaluationResults.Group, pair: StaticPair? = nil, seeds: Range<Int>, total: Int,
        runName: String? = nil
    ) {
        (self.method, self.group, self.pair, self.runName) = (method, group, pair, runName ?? method.name)
        self.seeds = method.isDeterministic ? [seeds.lowerBound] : Array(seeds)
        samples = method.isDeterministic ? 1 : total / seeds.count
    }

    var name: String { method.name }
    /// Completions a problem under all seeds.
    var samplesPerProblem: Int { seeds.count * samples }
}
