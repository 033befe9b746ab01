import Scoring
import Tasks

/// From what has been measured to what is shown: intervals, comparisons, curves.
struct ResultsAssembly {
    private let plan: EvaluationPlan
    private let resamples: Resamples

    init(_ plan: EvaluationPlan) {
        self.plan = plan
        resamples = Resamples(problems: plan.sampler.problems.count)
    }

    func results(_ measured: Measurements) -> EvaluationResults {
        let tuningNames = tuningNames(measured)
        let names = plan.methods.names + tuningNames.filter { !plan.methods.names.contains($0) }
        let rows = names.compactMap { measured.rows[$0] }
        var missing = names.filter { measured.rows[$0]?.isComplete != true }
        if plan.plain != nil, measured.commands == nil { missing.append("effects of commands") }
        if plan.generations > 0, measured.generations == nil { missing.append("single generations") }
        return EvaluationResults(
            model: plan.modelName, problemFile: plan.problemFile, problems: plan.sampler.problems.count,
            seeds: Array(plan.settings.seed..<plan.settings.seed + plan.settings.seeds), missing: missing,
            rows: rows.map(row),
            tuning: measured.tuning.map(tuning), comparisons: comparisons(measured), curves: curves(measured),
            diagnosis: measured.diagnosis,
            commands: measured.commands ?? [], generations: measured.generations ?? [],
            configuration: plan.configuration, notes: measured.notes)
    }

    func commandEffects(
        plain: Outcomes, spoken: [(command: Countdown.Command, outcomes: Outcomes)]
    ) -> [EvaluationResults.CommandEffect] {
        EvaluationResults.CommandEffect.effects(plain: plain, spoken: spoken, Resamples(problems: plain.problems.count))
    }

    /// Points of tuning in the order of their curves, and what stands for those that are not known yet.
    private func tuningNames(_ measured: Measurements) -> [String] {
        let first = plan.methods.temperatures.map { "\($0)" }
        guard let tuning = measured.tuning else {
            // The second curve may have begun.
            let begun = measured.rows.values.filter { $0.planned.group == .tuning }.compactMap(\.planned.pair)
            return first + begun.filter { $0.topP != 1 }.sorted { $0.topP < $1.topP }.map { "\($0)" } + [
                MethodList.topPTuning
            ]
        }
        return first + tuning.topPs.filter { $0.pair.topP != 1 }.map { "\($0.pair)" }
    }

    private func row(_ measured: Measurements.Row) -> EvaluationResults.Row {
        let planned = measured.planned, result = measured.result, outcomes = result.outcomes
        let seconds = measured.runs.reduce(0) { $0 + $1.seconds }
        let isGreedy = planned.method.isDeterministic
        return EvaluationResults.Row(
            name: planned.name, group: planned.group, role: Self.roles[planned.name],
            passAt1: resamples.mean(of: outcomes.passRates),
            passAt1OfSeeds: result.runs.map(\.passRate), deviationOverSeeds: result.deviation,
            samplesPerProblem: planned.samples * measured.runs.count,
            meanLength: outcomes.meanLength, truncatedShare: outcomes.truncatedShare, faults: outcomes.faults,
            tokensPerSecond: seconds > 0 ? Double(outcomes.tokens) / seconds : nil,
            meanTemperature: isGreedy ? nil : planned.pair?.temperature ?? outcomes.meanTemperature,
            meanTopP: isGreedy ? nil : planned.pair?.topP ?? outcomes.meanTopP, pair: planned.pair,
            firstFault: outcomes.firstFault?.description)
    }

    private static let roles: [String: EvaluationResults.Role] = [
        MethodList.greedy: .greedy, MethodList.defaultSampling: .defaultSampling, MethodList.pick: .bestPair,
        MethodList.autoDeco: .autoDeco,
        MethodList.temperatureAlone: .temperatureHeadOnly, MethodList.topPAlone: .topPHeadOnly,
        MethodList.meanShift: .meanShift,
    ]

    private func tuning(_ tuning: ExpertTuning) -> EvaluationResults.Tuning {
        func points(_ points: [ExpertTuning.Point]) -> [EvaluationResults.Tuning.Point] {
            points.map {
                EvaluationResults.Tuning.Point(pair: $0.pair, passAt1: resamples.mean(of: $0.result.outcomes.passRates))
            }
        }
        return EvaluationResults.Tuning(
            temperatures: points(tuning.temperatures), topPs: points(tuning.topPs), best: tuning.best.pair,
            samplesPerProblem: plan.settings.tuningSamples)
    }

    /// AutoDeco beside every other row of the table, and the oracle's pick beside what nobody has to tune.
    private func comparisons(_ measured: Measurements) -> [EvaluationResults.Comparison] {
        func compare(_ first: String, _ second: String) -> EvaluationResults.Comparison? {
            guard let a = measured.rows[first], let b = measured.rows[second], a.planned.runName != b.planned.runName
            else { return nil }
            return EvaluationResults.Comparison(
                first: first, second: second,
                difference: resamples.difference(a.result.outcomes.passRates, b.result.outcomes.passRates))
        }
        return plan.methods.names.compactMap { compare(MethodList.autoDeco, $0) }
            + plan.methods.knobs.compactMap { compare(MethodList.pick, $0.name) }
    }

    private static let curveNames = [
        MethodList.autoDeco, MethodList.pick, MethodList.defaultSampling, MethodList.meanShift,
    ]

    /// Pass@k of the rows that have many samples.
    private func curves(_ measured: Measurements) -> [EvaluationResults.Curve] {
        let best = measured.rows[MethodList.pick].map { passRates($0.result.outcomes) }
        return Self.curveNames.compactMap { name in
            guard let row = measured.rows[name] else { return nil }
            let rates = passRates(row.result.outcomes)
            let above =
                name == MethodList.pick
                ? nil
                : best.map { best in
                    resamples.means(of: zip(rates, best).map { ours, theirs in zip(ours, theirs).map { $0 - $1 } })
                }
            return EvaluationResults.Curve(name: name, points: resamples.means(of: rates), aboveBest: above)
        }
    }

    /// Of each k from 1 to the samples drawn each problem's pass@k.
    private func passRates(_ outcomes: Outcomes) -> [[Double]] {
        guard let n = outcomes.problems.map(\.samples).min(), n > 0 else { return [] }
        return (1...n).map { k in
            // A table by the number of correct samples: problems share few of them.
            let byCorrect = (0...n).map { (try? passAtK(samples: n, correct: $0, k: k)) ?? 0 }
            return outcomes.problems.map { byCorrect[$0.correct] }
        }
    }
}
