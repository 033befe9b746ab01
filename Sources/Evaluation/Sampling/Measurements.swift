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

    /// By the methods' names.
    private(set) var rows: [String: Row] = [:]
    var tuning: ExpertTuning?
    /// Nil where they are still to be measured.
    var commands: [EvaluationResults.CommandEffect]?
    var generations: [EvaluationResults.Generation]?
    var diagnosis: TokenDiagnosis?
    var notes: [String] = []

    mutating func record(_ planned: PlannedMethod, _ runs: [MethodRun]) {
        guard !runs.isEmpty else { return }
        rows[planned.name] = Row(planned: planned, runs: runs)
    }
}
