import Evaluation

/// The yardstick's pair: the best of the full grid, or, where the settings have no grid, of the paper's search.
///
/// It may look at the problems that are measured: it is an oracle.
///
/// - Parameter measure: a pair's outcomes with so many completions a problem.
func bestConstantPair(
    _ settings: EvaluationSettings, measure: (StaticPair, _ samples: Int) throws -> Outcomes
) throws -> StaticPair {
    func result(_ pair: StaticPair, _ samples: Int) throws -> MethodResult {
        MethodResult(method: "\(pair)", runs: [try measure(pair, samples)])
    }
    let pairs = GridSearch.pairs(settings.gridTemperatures, settings.gridTopPs)
    let grid = try GridSearch(pairs, finalists: settings.gridFinalists) { pair, round in
        try result(pair, round == .all ? settings.gridSamples : settings.gridFinalSamples)
    }
    if let grid { return grid.best.pair }
    let tuning = try ExpertTuning(temperatures: settings.temperatures, topPs: settings.topPs) { pair in
        try result(pair, settings.tuningSamples)
    }
    return tuning?.best.pair ?? .defaultSampling
}
