import LogitSketches
import Tensor

/// Takes the tokens of one shard, trajectory by trajectory in the order of their lines.
public struct CacheTokens {
    let shard: ShardPlan.Shard
    let plan: ShardPlan
    let buffer: ShardBuffer
    let projection: Projection?
    /// Of the shard, for messages.
    let path: String

    /// Rows of logits that are in memory together, and go through one matrix product.
    public static let blockRows = 128

    /// Adds tokens of one trajectory, or a piece of it.
    ///
    /// - Parameters:
    ///   - trajectory: line in its file, from 0.
    ///   - labels: n token ids.
    ///   - firstPosition: index of the first label in prompt + completion; the others follow.
    ///   - hidden: [n, D], those that predict the labels.
    ///   - logits: from a block of these hidden states, [m, D] with m at most ``blockRows``, to logits [m, V].
    public func append(
        trajectory: Int, labels: [Int], firstPosition: Int, hidden: Tensor<Float>,
        logits: (Tensor<Float>) throws -> Tensor<Float>
    ) throws {
        try append(
            trajectories: Array(repeating: trajectory, count: labels.count), labels: labels,
            positions: Array(firstPosition..<firstPosition + labels.count), hidden: hidden, logits: logits)
    }

    /// Adds tokens of one or more trajectories, in order.
    ///
    /// Rows are handed to `logits` in blocks from the first row of this call on: what is appended in the same pieces
    /// has the same bits.
    ///
    /// - Parameters:
    ///   - trajectories: for each token its trajectory's line.
    ///   - labels: n token ids.
    ///   - positions: index of each label in prompt + completion.
    ///   - hidden: [n, D], those that predict the labels.
    ///   - behaviour: log-probability of each label under the policy that drew it, at most 0; given where the writer
    ///     records them, and else not.
    ///   - logits: from a block of these hidden states, [m, D] with m at most ``blockRows``, to logits [m, V].
    /// - Throws: ``CacheError`` for a logit that is NaN or +∞, a label that is impossible or not in the vocabulary, and
    ///   a hidden state that is not finite or leaves the range of its stored type; and what `logits` throws.
    public func append(
        trajectories: [Int], labels: [Int], positions: [Int], hidden: Tensor<Float>, behaviour: [Float]? = nil,
        logits: (Tensor<Float>) throws -> Tensor<Float>
    ) throws {
        let count = labels.count, D = buffer.description.hiddenSize
        require(
            trajectories.count == count && positions.count == count && hidden.rows == count
                && (count == 0 || hidden.columns == D),
            "\(count) labels, \(trajectories.count) trajectories, \(positions.count) positions and hidden states "
                + "\(hidden.shape) for D = \(D)"
        )
        require(
            behaviour.map(\.count) == (buffer.recordsBehaviour ? count : nil),
            "\(behaviour?.count ?? 0) behaviour log-probabilities for \(count) labels")
        require(
            trajectories.elementsEqual(plannedTrajectories(count)),
            "tokens of shard \(shard.number) come in another order than planned, or too many of them")
        for start in stride(from: 0, to: count, by: Self.blockRows) {
            let rows = start..<min(count, start + Self.blockRows)
            let block = Tensor<Float>(shape: [rows.count, D]) { target in
                hidden.withUnsafeBufferPointer {
                    _ = target.update(fromContentsOf: $0[rows.lowerBound * D..<rows.upperBound * D])
                }
            }
            let blockLogits = try logits(block), stored = projection?.project(block) ?? block
            func failure(_ row: Int, _ problem: String) -> CacheError {
                CacheError(
                    path, "trajectory \(trajectories[start + row]), position \(positions[start + row]): \(problem)")
            }
            do {
                try buffer.append(
                    hidden: stored, logits: blockLogits, labels: labels[rows], trajectories: trajectories[rows],
                    positions: positions[rows], behaviour: behaviour?[rows] ?? [])
            } catch let error as LogitsError {
                throw failure(
                    error.row, "\(error.problem); check the model's weights and this line of the trajectories")
            } catch let error as UnstorableState {
                throw failure(
                    error.row,
                    "the hidden state is not finite as \(buffer.description.hiddenType.rawValue); store BF16 or F32, "
                        + "or check the model's weights"
                )
            }
        }
    }

    /// The trajectories of the next `count` tokens by the plan; fewer where the shard ends.
    private func plannedTrajectories(_ count: Int) -> [Int] {
        var skipped = buffer.count, result: [Int] = []
        for line in shard.trajectories where result.count < count {
            let length = plan.lengths[line], rest = max(0, length - skipped)
            skipped = max(0, skipped - length)
            result += Array(repeating: line, count: min(rest, count - result.count))
        }
        return result
    }
}
