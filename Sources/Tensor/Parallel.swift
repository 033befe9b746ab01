import Dispatch
import Foundation

/// Loops over rows or blocks, shared out among threads: those of a ``ThreadTeam``, or Dispatch's where it is taken.
///
/// The cut into blocks depends on the amount of work alone, never on the number of threads, and a block writes only
/// what belongs to it: results are the same bits with any number of threads.
public enum Parallel {
    /// How many threads loops use. The process's default is the number of cores, or `AUTODECO_THREADS` where that is
    /// set; a scope can set its own with `Parallel.$threads.withValue(1) { … }`.
    @TaskLocal public static var threads: Int = {
        let wanted = ProcessInfo.processInfo.environment["AUTODECO_THREADS"].flatMap { Int($0) } ?? 0
        return wanted > 0 ? wanted : ProcessInfo.processInfo.activeProcessorCount
    }()

    /// Calls `body` once for each block of `0..<count`, blocks of `blockSize` (the last may be shorter), in parallel.
    ///
    /// Below two blocks or with one thread it is a plain loop. A two-way split costs about a microsecond while loops
    /// follow each other closely, and some ten where threads sleep.
    @inlinable
    public static func forEachBlock(of count: Int, blockSize: Int, _ body: @Sendable (Range<Int>) -> Void) {
        require(blockSize > 0, "block size is \(blockSize), expected at least 1")
        let blocks = (count + blockSize - 1) / blockSize
        func run(_ block: Int) { body(block * blockSize..<min(count, (block + 1) * blockSize)) }
        let threads = min(threads, blocks)
        if threads <= 1 {
            for block in 0..<max(blocks, 0) { run(block) }
            return
        }
        withoutActuallyEscaping(body) { body in
            share(blocks, threads: threads) { block in
                body(block * blockSize..<min(count, (block + 1) * blockSize))
            }
        }
    }

    /// Calls `work` once for each of `0..<blocks`, on at most `threads` threads at once.
    @usableFromInline
    static func share(_ blocks: Int, threads: Int, _ work: @Sendable (Int) -> Void) {
        if ThreadTeam.shared.run(blocks, others: threads - 1, work) { return }
        // Each worker takes every `threads`-th block.
        withoutActuallyEscaping(work) { work in
            DispatchQueue.concurrentPerform(iterations: threads) { worker in
                for block in stride(from: worker, to: blocks, by: threads) { work(block) }
            }
        }
    }

    /// Calls `body` once for each block as ``forEachBlock(of:blockSize:_:)`` does, and returns the results in the
    /// blocks' order.
    public static func mapBlocks<Value: Sendable>(
        of count: Int, blockSize: Int, _ body: @Sendable (Range<Int>) -> Value
    ) -> [Value] {
        require(blockSize > 0, "block size is \(blockSize), expected at least 1")
        let blocks = max(0, (count + blockSize - 1) / blockSize)
        return Array(unsafeUninitializedCapacity: blocks) { results, initialized in
            initialized = blocks
            guard let base = results.baseAddress else { return }
            // Each block writes its own result.
            nonisolated(unsafe) let base0 = base
            forEachBlock(of: count, blockSize: blockSize) { block in
                (base0 + block.lowerBound / blockSize).initialize(to: body(block))
            }
        }
    }
}
