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
        let rows = (plan.methods.rows.map(\.kind) + searched(measured)).compactMap { measured.rows[$0] }
        var missing = plan.methods.rows.filter { measured.rows[$0.kind]?.isComplete != true }.map(\.name)
        let parts: [(EvaluationResults.Part, isMissing: Bool)] = [
            (.grid, !plan.methods.gridPairs.isEmpty && measured.grid == nil), (.search, measured.tuning == nil),
            (.commands, plan.plain != nil && measured.commands == nil),
            (.generations, plan.generations > 0 && measured.generations == nil),
        ]
        missing += parts.filter(\.isMissing).map(\.0.rawValue)
        return EvaluationResults(
            model: plan.modelName, problemFile: plan.problemFile, problems: plan.sampler.problems.count,
            seeds: plan.settings.repetitionSeeds, missing: missing,
            rows: rows.map { row($0, measured.uncertain[$0.planned.kind]) },
            tuning: measured.tuning.map(tuning), grid: measured.grid.map(grid), yardstick: plan.methods.yardstick,
            comparisons: comparisons(measured), curves: curves(measured),
            diagnosis: measured.diagnosis,
            commands: measured.commands ?? [], generations: measured.generations ?? [],
            configuration: plan.configuration, notes: measured.notes)
    }

    func commandEffects(
        plain: Outcomes, spoken: [(command: Countdown.Command, outcomes: Outcomes)]
    ) -> [EvaluationResults.CommandEffect] {
        EvaluationResults.CommandEffect.effects(plain: plain, spoken: spoken, Resamples(problems: plain.problems.count))
    }

    /// Points of the paper's search in the order of its curves, as far as they are measured.
    private func searched(_ measured: Measurements) -> [RowKind] {
        let first = plan.methods.temperatures
        let others = measured.rows.keys.compactMap { kind in
            if case .searched(let pair) = kind, !first.contains(pair) { pair } else { nil }
        }
        return (first + others.sorted { $0.topP < $1.topP }).map { .searched($0) }
    }

    private func row(
        _ measured: Measurements.Row, _ uncertain: MeanKnobs.Uncertain?
    ) -> EvaluationResults.Row {
        let planned = measured.planned, result = measured.result, outcomes = result.outcomes
        let seconds = measured.runs.reduce(0) { $0 + $1.seconds }
        let isGreedy = planned.method.isDeterministic
        return EvaluationResults.Row(
            name: planned.name, group: planned.group, role: planned.kind.role,
            passAt1: resamples.mean(of: outcomes.passRates),
            passAt1OfSeeds: result.runs.map(\.passRate), deviationOverSeeds: result.deviation,
            samplesPerProblem: outcomes.problems.first?.samples ?? 0,
            meanLength: outcomes.meanLength, truncatedShare: outcomes.truncatedShare, faults: outcomes.faults,
            tokensPerSecond: seconds > 0 ? Double(outcomes.tokens) / seconds : nil,
            meanTemperature: isGreedy ? nil : planned.pair?.temperature ?? outcomes.meanTemperature,
            meanTopP: isGreedy ? nil : planned.pair?.topP ?? outcomes.meanTopP, pair: planned.pair,
            heads: planned.kind.heads?.name,
            filter: planned.kind.heads?.filter, uncertain: uncertain, firstFault: outcomes.firstFault?.description)
    }

    private func points(_ points: [TunedPoint]) -> [EvaluationResults.Point] {
        points.map {
            EvaluationResults.Point(
                pair: $0.pair, passAt1: resamples.mean(of: $0.result.outcomes.passRates), equalsGreedy: $0.equalsGreedy)
        }
    }

    private func tuning(_ tuning: ExpertTuning) -> EvaluationResults.Tuning {
        EvaluationResults.Tuning(
            temperatures: points(tuning.temperatures), topPs: points(tuning.topPs), best: tuning.best.pair,
            samplesPerProblem: plan.settings.tuningSamples)
    }

    private func grid(_ grid: GridSearch) -> EvaluationResults.Grid {
        EvaluationResults.Grid(
            points: points(grid.points), finalists: points(grid.finalists), best: grid.best.pair,
            samplesPerProblem: plan.settings.gridSamples, finalSamplesPerProblem: plan.settings.gridFinalSamples)
    }

    /// AutoDeco beside every other row of the table; the best static pair beside what nobody has to tune, and the heads
    /// that AutoDeco's are held against beside the best static pair.
    private func comparisons(_ measured: Measurements) -> [EvaluationResults.Comparison] {
        func compare(_ first: RowKind, _ second: RowKind) -> EvaluationResults.Comparison? {
            guard first != second, let a = measured.rows[first], let b = measured.rows[second],
                a.planned.runName != b.planned.runName
            else { return nil }
            return EvaluationResults.Comparison(
                first: a.planned.name, second: b.planned.name,
                difference: resamples.difference(a.result.outcomes.passRates, b.result.outcomes.passRates))
        }
        let methods = plan.methods, yardstick = RowKind.role(methods.yardstick)
        return methods.rows.compactMap { compare(.role(.autoDeco), $0.kind) }
            + (methods.knobs.map(\.kind) + [.role(.paperPair)]).compactMap { compare(yardstick, $0) }
            + methods.rivals.compactMap { compare($0.kind, yardstick) }
    }

    /// Pass@k of the rows that have many samples.
    private func curves(_ measured: Measurements) -> [EvaluationResults.Curve] {
        let yardstick = plan.methods.yardstick
        let best = measured.rows[.role(yardstick)].map { passRates($0.result.outcomes) }
        let roles: [EvaluationResults.Role] = [.autoDeco, yardstick, .defaultSampling, .meanShift]
        return roles.compactMap { role in
            guard let row = measured.rows[.role(role)] else { return nil }
            let rates = passRates(row.result.outcomes)
            let above =
                role == yardstick
                ? nil
                : best.map { best in
                    resamples.means(of: zip(rates, best).map { ours, theirs in zip(ours, theirs).map { $0 - $1 } })
                }
            return EvaluationResults.Curve(
                name: row.planned.name, points: resamples.means(of: rates), aboveBest: above)
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
