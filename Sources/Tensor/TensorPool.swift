import Synchronization

/// Memory that tensors hand on to each other: what one gives back the next one of about its size takes.
///
/// A loop that makes tensors of the same sizes again and again asks the system for memory in its first rounds alone,
/// and touches no fresh pages afterwards.
///
///     let pool = TensorPool()
///     TensorPool.$current.withValue(pool) { for batch in batches { step(batch) } }
///
/// Any thread may give memory back. A class because tensors share it; the memory goes back to the system with the
/// last of them.
public final class TensorPool: Sendable {
    /// Where new tensors take their memory from; nil asks the system each time.
    @TaskLocal public static var current: TensorPool?

    private struct State {
        /// Unused memory by size.
        var free: [Int: [Memory]] = [:]
        var byteCount = 0
        var allocations = 0
    }

    /// `@unchecked Sendable`: unused memory belongs to nobody but the pool.
    private struct Memory: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let state = Mutex(State())

    /// An empty pool.
    public init() {}

    deinit {
        state.withLock { state in
            for memory in state.free.values.joined() { memory.pointer.deallocate() }
        }
    }

    /// How often the system was asked for memory.
    public var allocations: Int { state.withLock { $0.allocations } }
    /// Bytes that the pool holds, in use or not.
    public var byteCount: Int { state.withLock { $0.byteCount } }

    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer { .allocate(byteCount: byteCount, alignment: 64) }

    /// Sizes in steps of an eighth, so that tensors of nearly the same size share memory.
    static func roundedUp(_ byteCount: Int) -> Int {
        let step = max(64, 1 << max(0, Int.bitWidth - 1 - byteCount.leadingZeroBitCount - 3))
        return (byteCount + step - 1) / step * step
    }

    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let size = Self.roundedUp(byteCount)
        let unused = state.withLock { state -> Memory? in
            if let memory = state.free[size]?.popLast() { return memory }
            state.byteCount += size
            state.allocations += 1
            return nil
        }
        return unused?.pointer ?? Self.allocate(size)
    }

    func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
        let memory = Memory(pointer: pointer)
        state.withLock { $0.free[Self.roundedUp(byteCount), default: []].append(memory) }
    }
}
