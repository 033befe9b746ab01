import Decoding
import Tensor

extension GenerationEngine {
    /// Asks the policy for one token a row. Where it refuses, rows are asked one by one, so that only those that hold no
    /// distribution are without a decision; the others are decided as they would have been together.
    ///
    /// - Parameters:
    ///   - hidden: last hidden states, [R, D].
    ///   - logits: [R, V].
    ///   - random: one generator a row; one of a row without a decision stays as it was.
    /// - Returns: of each row its decision, or why there is none.
    /// - Throws: what the policy throws beside `DecodingError`.
    func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Result<Decision, DecodingError>] {
        // A policy that throws may have drawn for some rows already.
        let before = random
        do {
            return try policy.choose(hidden: hidden, logits: logits, random: &random).map { .success($0) }
        } catch is DecodingError { random = before }
        return try (0..<hidden.rows).map { row in
            var own = [before[row]]
            do {
                let decision = try policy.choose(
                    hidden: hidden.selecting(rows: [row]), logits: logits.selecting(rows: [row]), random: &own)[0]
                random[row] = own[0]
                return .success(decision)
            } catch let error as DecodingError { return .failure(error) }
        }
    }
}
