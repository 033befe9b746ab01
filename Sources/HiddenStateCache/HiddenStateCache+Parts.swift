import LogitSketches
import Safetensors
import Tensor

// Parts of a trajectory's tokens, for whoever needs not all of a batch.

extension HiddenStateCache {
    /// Place of each label in descending order of logits, 0 for the arg max: what easy-token masking asks for.
    public func labelRanks(of trajectory: TrajectoryIndex) -> [Int] {
        let bytes = shards[trajectory.shard].labelRanks.bytes
        return trajectory.range.map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
    }

    /// Index of each label in prompt + completion.
    public func positions(of trajectory: TrajectoryIndex) -> [Int] {
        let bytes = shards[trajectory.shard].positions.bytes
        return trajectory.range.map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
    }

    /// A buffer for ``loadSketches(of:into:)``.
    public func emptySketches() -> LogitSketches<Float> {
        LogitSketches(vocabularySize: description.vocabularySize, shape: description.sketch)
    }

    /// Fills a buffer with the sketches of some trajectories, one after the other, without their hidden states.
    ///
    /// - Throws: ``CacheError`` where a sketch contradicts itself.
    public func loadSketches(of trajectories: [TrajectoryIndex], into sketches: inout LogitSketches<Float>) throws {
        let pieces = trajectories.blocks(tokens: Self.sketchRows).flatMap { $0 }
        defer { didTouch(pieces) }
        do {
            try sketches.load(pieces.map { shards[$0.shard].sketches[$0.range] })
        } catch let error as LogitsError {
            var row = error.row, piece = 0
            while row >= pieces[piece].count { (row, piece) = (row - pieces[piece].count, piece + 1) }
            let rows = pieces[piece]
            throw CacheError(shards[rows.shard].file.path, "row \(rows.firstRow + row): \(error.problem)")
        }
    }

    /// Rows that one thread takes at a time.
    private static var sketchRows: Int { 128 }

    /// Asks the system to read some trajectories from the disk while others are worked on, without waiting for it.
    public func prefetch(_ trajectories: [TrajectoryIndex]) {
        for trajectory in trajectories {
            for tensor in shards[trajectory.shard].wideTensors {
                let width = tensor.count / max(1, shards[trajectory.shard].tokens)
                tensor.prefetch(trajectory.firstRow * width..<(trajectory.firstRow + trajectory.count) * width)
            }
        }
    }
}
