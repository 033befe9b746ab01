import Foundation
import Tensor

/// Work memory for rows that step together, kept from one step to the next.
///
/// A class because it owns that memory. `@unchecked Sendable`: the list of idle samplers is only touched under the lock,
/// and a sampler that is in use is in nobody's list.
public final class RowSamplers: @unchecked Sendable {
    private let lock = NSLock()
    private var idle: [RowSampler] = []

    public init() {}

    /// One decision for each row of `logits`, rows in parallel.
    ///
    /// - Parameter decide: called with a sampler that has read the row, the row's number, and its generator.
    /// - Throws: the error of the first row that has one.
    public func decide(
        logits: Tensor<Float>, random: inout [RandomGenerator],
        _ decide: @Sendable (RowSampler, Int, inout RandomGenerator) throws -> Decision
    ) throws -> [Decision] {
        require(random.count == logits.rows, "\(random.count) generators for logits of shape \(logits.shape)")
        return try random.withUnsafeMutableBufferPointer { generators in
            // Each row writes its own generator alone.
            nonisolated(unsafe) let generators = generators
            return try map(logits: logits) { sampler, row in try decide(sampler, row, &generators[row]) }
        }
    }

    /// `body` of each row of `logits`, rows in parallel, with a sampler that has read the row.
    public func map<Value: Sendable>(
        logits: Tensor<Float>, _ body: @Sendable (RowSampler, Int) throws -> Value
    ) throws -> [Value] {
        var results = [Result<Value, any Error>?](repeating: nil, count: logits.rows)
        results.withUnsafeMutableBufferPointer { results in
            logits.withUnsafeBufferPointer { logits in
                // Each row writes its own result, and the logits are only read.
                nonisolated(unsafe) let results = results, logits = logits
                let columns = results.isEmpty ? 0 : logits.count / results.count
                Parallel.forEachBlock(of: results.count, blockSize: 1) { block in
                    for row in block {
                        let sampler = take(vocabularySize: columns)
                        results[row] = Result {
                            try sampler.read(UnsafeBufferPointer(rebasing: logits[row * columns..<(row + 1) * columns]), row: row)
                            return try body(sampler, row)
                        }
                        giveBack(sampler)
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
