import Decoding

/// What a row is. Each is measured once; names are made where rows are shown.
enum RowKind: Sendable, Hashable {
    /// One of its kind, whichever method plays it.
    case role(EvaluationResults.Role)
    /// Heads of that name under a filter.
    case heads(String, NucleusFilter)
    /// A point of the paper's search.
    case searched(StaticPair)
    /// A point of the grid, and once more with more samples.
    case gridPoint(StaticPair)
    case finalist(StaticPair)

    /// Nil where there may be several.
    var role: EvaluationResults.Role? { if case .role(let role) = self { role } else { nil } }

    var heads: (name: String, filter: NucleusFilter)? {
        if case .heads(let name, let filter) = self { (name, filter) } else { nil }
    }
}
