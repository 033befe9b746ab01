import AutoDecoHeads
import Decoding

/// Which methods an evaluation compares, how often each is sampled, and in what order the table has them.
struct MethodList: Sendable {
    static let greedy = "greedy", defaultSampling = "default sampling", pick = "oracle's pick"
    static let autoDeco = "AutoDeco", temperatureAlone = "temperature head alone", topPAlone = "top-p head alone",
        meanShift = "mean shift"
    /// Stands for the points of tuning that depend on its first half.
    static let topPTuning = "top-p at the best temperature"

    let settings: EvaluationSettings
    /// Greedy decoding and default sampling.
    let knobs: [PlannedMethod]
    /// Nil where there are no heads.
    let autoDeco: PlannedMethod?
    /// One head of two alone.
    let parts: [PlannedMethod]
    let baselines: [PlannedMethod]
    let filters: [PlannedMethod]
    /// Whether the heads' average can be had.
    let hasMeanShift: Bool
    private let seeds: Range<Int>

    /// - Throws: `PolicyError` for a setting without meaning.
    init(_ settings: EvaluationSettings, heads: TrainedHeads?, otherHeads: [TrainedHeads], hasMeanShift: Bool) throws {
        let seeds = settings.seed..<settings.seed + settings.seeds, usual = settings.samples * settings.seeds
        (self.settings, self.hasMeanShift, self.seeds) = (settings, hasMeanShift && heads != nil, seeds)
        knobs = [
            PlannedMethod(.greedy, .knobs, pair: StaticPair(temperature: 0, topP: 1), seeds: seeds, total: usual),
            PlannedMethod(
                try Method(pair: .defaultSampling).named(Self.defaultSampling), .knobs, pair: .defaultSampling,
                seeds: seeds, total: usual),
        ]
        let filter = settings.filter
        autoDeco = heads.map {
            PlannedMethod(
                $0.method(Self.autoDeco, filter: filter), .autoDeco, seeds: seeds, total: settings.curveSamples)
        }
        parts =
            heads.flatMap { heads in
                guard heads.hasBoth else { return nil }
                return [(Self.temperatureAlone, HeadSelection.temperature), (Self.topPAlone, .topP)].map {
                    name, applying in
                    PlannedMethod(
                        heads.method(name, filter: filter, applying: applying), .parts, seeds: seeds, total: usual)
                }
            } ?? []
        let rule = EntropyTemperature(
            minimum: settings.entropyMinimum, maximum: settings.entropyMaximum, exponent: settings.entropyExponent)
        baselines = try [Method(minP: settings.minP), Method(entropy: rule)].map {
            PlannedMethod($0, .baselines, seeds: seeds, total: usual)
        }
        let isFirst = heads != nil
        filters = ([heads].compactMap(\.self) + otherHeads).enumerated().flatMap { place, heads in
            NucleusFilter.allCases.map { shown in
                let method = heads.method("heads of \(heads.name), \(shown.rawValue)", filter: shown),
                    isAutoDeco = isFirst && place == 0 && shown == filter
                return PlannedMethod(
                    method, .filters, seeds: seeds, total: isAutoDeco ? settings.curveSamples : settings.filterSamples,
                    runName: isAutoDeco ? Self.autoDeco : nil)
            }
        }
    }

    /// A point of expert-guided tuning.
    func point(_ pair: StaticPair) throws -> PlannedMethod {
        PlannedMethod(try Method(pair: pair), .tuning, pair: pair, seeds: seeds, total: settings.tuningSamples)
    }

    /// The best point once more, under seeds of its own: among many points the best one is also the luckiest.
    func pick(_ pair: StaticPair) throws -> PlannedMethod {
        let fresh = seeds.upperBound..<seeds.upperBound + seeds.count
        return PlannedMethod(
            try Method(pair: pair).named(Self.pick), .knobs, pair: pair, seeds: fresh, total: settings.curveSamples)
    }

    func meanShift(_ pair: StaticPair) throws -> PlannedMethod {
        PlannedMethod(
            try Method(pair: pair).named(Self.meanShift), .parts, pair: pair, seeds: seeds,
            total: settings.samples * settings.seeds)
    }

    /// Names of all rows but those of tuning, in the order of the table.
    var names: [String] {
        knobs.map(\.name) + [Self.pick] + [autoDeco].compactMap(\.self).map(\.name) + parts.map(\.name)
            + (hasMeanShift ? [Self.meanShift] : [])
            + baselines.map(\.name) + filters.map(\.name)
    }

    var temperatures: [StaticPair] { settings.temperatures.sorted().map { StaticPair(temperature: $0, topP: 1) } }

    /// Points of the second curve; P = 1 is a point of the first. Greedy has no top-p.
    func topPs(at temperature: Double) -> [StaticPair] {
        temperature == 0 ? [] : settings.topPs.sorted().map { StaticPair(temperature: temperature, topP: $0) }
    }

    /// Completions of all of them on so many problems, about: the best pair may be greedy.
    func completions(problems: Int) -> Int {
        let rows = knobs + [autoDeco].compactMap(\.self) + parts + baselines + filters.filter { $0.runName == $0.name }
        let points = Set(settings.temperatures).count + Set(settings.topPs).subtracting([1]).count
        let usual = settings.samples * settings.seeds
        return problems
            * (rows.reduce(0) { $0 + $1.samplesPerProblem } + points * settings.tuningSamples + settings.curveSamples
                + (hasMeanShift ? usual : 0))
    }
}
