import AutoDecoHeads
import Decoding

/// Which methods an evaluation compares, how often each is sampled, and in what order the table has them.
struct MethodList: Sendable {
    let settings: EvaluationSettings
    /// Greedy decoding and default sampling.
    let knobs: [PlannedMethod]
    /// Nil where there are no heads.
    let autoDeco: PlannedMethod?
    /// One head of two alone.
    let parts: [PlannedMethod]
    /// Heads that AutoDeco's are held against: planted ones, those of the paper's recipe, improved ones.
    let rivals: [PlannedMethod]
    let baselines: [PlannedMethod]
    let filters: [PlannedMethod]
    /// Whether the heads' average can be had.
    let hasMeanShift: Bool
    private let seeds: [Int]

    /// - Throws: `PolicyError` for a setting without meaning.
    init(
        _ settings: EvaluationSettings, heads: TrainedHeads?, rivals: [(role: EvaluationResults.Role, TrainedHeads)],
        otherHeads: [TrainedHeads], hasMeanShift: Bool
    ) throws {
        let seeds = settings.repetitionSeeds, usual = settings.samples * settings.seeds
        (self.settings, self.hasMeanShift, self.seeds) = (settings, hasMeanShift && heads != nil, seeds)
        let greedy = StaticPair(temperature: 0, topP: 1), filter = settings.filter
        func named(_ method: Method, _ role: EvaluationResults.Role) -> Method { method.named(role.title) }
        knobs = [
            PlannedMethod(
                named(.greedy, .greedy), .role(.greedy), .knobs, pair: greedy, seeds: seeds, total: usual),
            PlannedMethod(
                named(try Method(pair: .defaultSampling), .defaultSampling), .role(.defaultSampling), .knobs,
                pair: .defaultSampling, seeds: seeds, total: usual),
        ]
        autoDeco = heads.map {
            PlannedMethod(
                $0.method(EvaluationResults.Role.autoDeco.title, filter: filter), .role(.autoDeco), .autoDeco,
                seeds: seeds, total: settings.curveSamples)
        }
        parts =
            heads.flatMap { heads in
                guard heads.hasBoth else { return nil }
                let alone: [(EvaluationResults.Role, HeadSelection)] = [
                    (.temperatureHeadOnly, .temperature), (.topPHeadOnly, .topP),
                ]
                return alone.map { role, applying in
                    PlannedMethod(
                        heads.method(role.title, filter: filter, applying: applying), .role(role), .parts,
                        seeds: seeds, total: usual)
                }
            } ?? []
        self.rivals = rivals.map { role, heads in
            PlannedMethod(
                heads.method(role.title, filter: filter), .role(role), .rivals, seeds: seeds,
                total: settings.filterSamples)
        }
        let rule = EntropyTemperature(
            minimum: settings.entropyMinimum, maximum: settings.entropyMaximum, exponent: settings.entropyExponent)
        baselines = [
            PlannedMethod(
                try Method(minP: settings.minP), .role(.minP), .baselines, seeds: seeds, total: usual),
            PlannedMethod(
                try Method(entropy: rule), .role(.entropyDriven), .baselines, seeds: seeds, total: usual),
        ]
        let isFirst = heads != nil
        filters = ([heads].compactMap(\.self) + otherHeads).enumerated().flatMap { place, heads in
            NucleusFilter.allCases.map { shown in
                let method = heads.method("heads of \(heads.name), \(shown.rawValue)", filter: shown),
                    isAutoDeco = isFirst && place == 0 && shown == filter
                return PlannedMethod(
                    method, .heads(heads.name, shown), .filters, seeds: seeds,
                    total: isAutoDeco ? settings.curveSamples : settings.filterSamples,
                    runName: isAutoDeco ? EvaluationResults.Role.autoDeco.title : nil)
            }
        }
    }

    // MARK: Static pairs

    /// Whose pick is the best static pair everywhere.
    var yardstick: EvaluationResults.Role { gridPairs.isEmpty ? .paperPair : .bestPair }

    /// A point of the paper's search.
    func searched(_ pair: StaticPair) throws -> PlannedMethod {
        try point(pair, .searched(pair), total: settings.tuningSamples)
    }

    /// A point of the grid.
    func gridPoint(_ pair: StaticPair) throws -> PlannedMethod {
        try point(pair, .gridPoint(pair), total: settings.gridSamples)
    }

    /// A point of the grid among the best ones, with more samples.
    func finalist(_ pair: StaticPair) throws -> PlannedMethod {
        try point(pair, .finalist(pair), total: settings.gridFinalSamples)
    }

    private func point(_ pair: StaticPair, _ kind: RowKind, total: Int) throws -> PlannedMethod {
        // Files carry the pair's name, so that what both searches ask for is sampled once.
        PlannedMethod(try Method(pair: pair), kind, .tuning, pair: pair, seeds: seeds, total: total)
    }

    /// A point at which nothing but the likeliest token can be drawn: greedy decoding under the point's name.
    func certain(_ planned: PlannedMethod) -> PlannedMethod {
        PlannedMethod(
            Method.greedy.named(planned.name), planned.kind, planned.group, pair: planned.pair, seeds: seeds, total: 1,
            runName: EvaluationResults.Role.greedy.title)
    }

    /// The best point once more, under seeds of its own: among many points the best one is also the luckiest. Both
    /// searches may end at one point, which is then sampled once.
    func pick(_ best: TunedPoint, _ role: EvaluationResults.Role) throws -> PlannedMethod {
        let method = best.equalsGreedy ? Method.greedy : try Method(pair: best.pair)
        return PlannedMethod(
            method.named(role.title), .role(role), .knobs, pair: best.pair, seeds: settings.freshSeeds,
            total: settings.curveSamples, runName: "pick \(best.pair)")
    }

    func meanShift(_ pair: StaticPair) throws -> PlannedMethod {
        PlannedMethod(
            try Method(pair: pair).named(EvaluationResults.Role.meanShift.title), .role(.meanShift), .parts, pair: pair,
            seeds: seeds, total: settings.samples * settings.seeds)
    }

    // MARK: Order

    /// All rows but those of tuning, in the order of the table.
    var rows: [(kind: RowKind, name: String)] {
        func role(_ role: EvaluationResults.Role) -> (kind: RowKind, name: String) { (.role(role), role.title) }
        func planned(_ methods: [PlannedMethod]) -> [(kind: RowKind, name: String)] {
            methods.map { ($0.kind, $0.name) }
        }
        return planned(knobs) + [role(.paperPair)] + (gridPairs.isEmpty ? [] : [role(.bestPair)])
            + planned([autoDeco].compactMap(\.self) + parts) + (hasMeanShift ? [role(.meanShift)] : [])
            + planned(rivals + baselines + filters)
    }

    var temperatures: [StaticPair] {
        Set(settings.temperatures).sorted().map { StaticPair(temperature: $0, topP: 1) }
    }

    /// The whole grid; empty where it is switched off.
    var gridPairs: [StaticPair] { GridSearch.pairs(settings.gridTemperatures, settings.gridTopPs) }

    /// Completions of all of them on so many problems, about: the best pair may be greedy.
    func completions(problems: Int) -> Int {
        let shared = filters.filter { $0.runName == $0.name }
        let rows = knobs + [autoDeco].compactMap(\.self) + parts + rivals + baselines + shared
        let points = Set(settings.temperatures).count + Set(settings.topPs).subtracting([1]).count
        let grid = gridPairs.count * settings.gridSamples
        let finalists = min(gridPairs.count, settings.gridFinalists) * settings.gridFinalSamples
        let usual = settings.samples * settings.seeds
        return problems
            * (rows.reduce(0) { $0 + $1.samplesPerProblem } + points * settings.tuningSamples + settings.curveSamples
                + (grid > 0 ? grid + finalists + settings.curveSamples : 0) + (hasMeanShift ? usual : 0))
    }
}
