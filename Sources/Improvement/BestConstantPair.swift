import Evaluation

/// The yardstick's pair: what a patient expert finds who may look at the problems that are measured.
///
/// - Parameter measure: a pair's outcomes; asked once for each.
func bestConstantPair(
    _ settings: EvaluationSettings, measure: (StaticPair) throws -> Outcomes
) throws -> StaticPair {
    let tuning = try ExpertTuning(temperatures: settings.temperatures, topPs: settings.topPs) { pair in
        MethodResult(method: "\(pair)", runs: [try measure(pair)])
    }
    return tuning?.best.pair ?? .defaultSampling
}
