/// Unbiased estimate of the probability that at least one of k samples solves a problem, from n samples of which c do:
///
///     pass@k = 1 − C(n−c, k) / C(n, k)
///
/// (Chen et al., "Evaluating Large Language Models Trained on Code", arXiv 2107.03374, equation 1), as a product of
/// n − k factors or fewer, so that no binomial overflows.
///
/// - Returns: in [0, 1].
/// - Throws: ``EvaluationError`` where k is not in 1...n or c is not in 0...n.
public func passAtK(samples n: Int, correct c: Int, k: Int) throws -> Double {
    guard n >= 1, (0...n).contains(c) else {
        throw EvaluationError("found \(c) correct of \(n) samples, expected 0 to \(n) of at least 1")
    }
    guard (1...n).contains(k) else {
        throw EvaluationError("pass@\(k) needs at least \(k) samples a problem, found \(n)")
    }
    guard n - c >= k else { return 1 }
    // C(n−c, k)/C(n, k) = Π over i = n−c+1 … n of (1 − k/i).
    var missed = 1.0
    for i in n - c + 1..<n + 1 { missed *= 1 - Double(k) / Double(i) }
    return 1 - missed
}

extension Outcomes {
    /// Pass@k: the mean over problems.
    ///
    /// - Throws: ``EvaluationError`` where a problem has fewer than k samples.
    public func passAtK(_ k: Int) throws -> Double {
        try problems.reduce(0) { try $0 + Evaluation.passAtK(samples: $1.samples, correct: $1.correct, k: k) }
            / Double(problems.count)
    }
}
