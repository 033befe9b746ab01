import Foundation
import Tensor

/// Work memory for rows that step together, kept from one step to the next.
///
/// A class because it owns that memory. `@unchecked Sendable`: the list of idle samplers is only touched under the
/// lock, and a sampler that is in use is in nobody's list.
public final class RowSamplers: @unchecked Sendable {
    private let lock = NSLock()
    private var idle: [RowSampler] = []
    /// Logits whose rows a thread takes at once: short rows are not worth a hand-over each.
    private static let logitsPerBlock = 2_048

    public init() {}

    /// One decision for each row of `logits`, rows in parallel.
    ///
    /// - Parameters:
    ///   - summaries: what has been read of each row, where something has; none for all rows afresh.
    ///   - decide: called with a sampler that has read the row, the row's number, and its generator.
    /// - Throws: the error of the first row that has one.
    public func decide(
        logits: Tensor<Float>, resuming summaries: [RowSummary] = [], random: inout [RandomGenerator],
        _ decide: @Sendable (RowSampler, Int, inout RandomGenerator) throws -> Decision
    ) throws -> [Decision] {
        require(random.count == logits.rows, "\(random.count) generators for logits of shape \(logits.shape)")
        return try random.withUnsafeMutableBufferPointer { generators in
            // Each row writes its own generator alone.
            nonisolated(unsafe) let generators = generators
            return try map(0..<logits.rows, of: logits, resuming: summaries) { sampler, row in
                try decide(sampler, row, &generators[row])
            }
        }
    }

    /// `body` of some rows of `logits`, in parallel, with a sampler that has read the row.
    public func map<Value: Sendable>(
        _ rows: Range<Int>, of logits: Tensor<Float>, resuming summaries: [RowSummary] = [],
        _ body: @Sendable (RowSampler, Int) throws -> Value
    ) throws -> [Value] {
        require(
            rows.lowerBound >= 0 && rows.upperBound <= logits.rows, "rows \(rows) of logits of shape \(logits.shape)")
        require(
            summaries.isEmpty || summaries.count == logits.rows,
            "\(summaries.count) summaries for logits of shape \(logits.shape)")
        let columns = logits.columns
        var results = [Result<Value, any Error>?](repeating: nil, count: rows.count)
        results.withUnsafeMutableBufferPointer { results in
            logits.withUnsafeBufferPointer { logits in
                // Each row writes its own result, and the logits are only read.
                nonisolated(unsafe) let results = results, logits = logits
                Parallel.forEachBlock(of: rows.count, blockSize: max(1, Self.logitsPerBlock / max(columns, 1))) {
                    block in
                    let sampler = take(vocabularySize: columns)
                    defer { giveBack(sampler) }
                    for index in block {
                        let row = rows.lowerBound + index
                        results[index] = Result {
                            let l = UnsafeBufferPointer(rebasing: logits[row * columns..<(row + 1) * columns])
                            if summaries.isEmpty {
                                try sampler.read(l, row: row)
                            } else {
                                sampler.resume(summaries[row], l)
                            }
                            return try body(sampler, row)
                        }
                    }
                }
            }
        }
        return try results.compactMap { try $0?.get() }
    }

    private func take(vocabularySize: Int) -> RowSampler {
        lock.withLock {
            idle.removeAll { $0.vocabularySize != vocabularySize }
            return idle.popLast()
        } ?? RowSampler(vocabularySize: vocabularySize)
    }

    private func giveBack(_ sampler: RowSampler) { lock.withLock { idle.append(sampler) } }
}
