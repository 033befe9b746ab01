import Scoring
import Tasks

/// What has been measured so far.
struct Measurements {
    struct Row {
        let planned: PlannedMethod
        /// Of the first seeds.
        var runs: [MethodRun]

        var isComplete: Bool { runs.count == planned.seeds.count }
        var result: MethodResult { MethodResult(method: planned.name, runs: runs.map(\.outcomes)) }
    }

    private(set) var rows: [RowKind: Row] = [:]
    var tuning: ExpertTuning?
    var grid: GridSearch?
    /// T̂ of heads at uncertain held-out tokens.
    var uncertain: [RowKind: MeanKnobs.Uncertain] = [:]
    /// Nil where they are still to be measured.
    var commands: [EvaluationResults.CommandEffect]?
    var generations: [EvaluationResults.Generation]?
    var diagnosis: TokenDiagnosis?
    var notes: [String] = []

    mutating func record(_ planned: PlannedMethod, _ runs: [MethodRun]) {
        guard !runs.isEmpty else { return }
        rows[planned.kind] = Row(planned: planned, runs: runs)
    }
}
