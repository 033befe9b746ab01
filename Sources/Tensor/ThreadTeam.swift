import CBF16
import Dispatch
import Foundation
import Synchronization

/// Threads that wait awake for a short while between the loops of ``Parallel``.
///
/// A decoding step has hundreds of loops of some ten microseconds, and waking a thread takes as long as one of them. So
/// a member looks for the next loop for about 50 µs before it sleeps. One loop runs at a time; a caller that finds the
/// team taken, such as a loop inside of a loop, goes another way. A loop waits for the members that joined it, never
/// for one that is still asleep: on a busy machine the caller does the work alone.
///
/// `@unchecked Sendable`: `work` and `blockCount` are written by the one that holds `isTaken`, before members are told.
final class ThreadTeam: @unchecked Sendable {
    /// One member for each core but the caller's.
    static let shared = ThreadTeam(memberCount: ProcessInfo.processInfo.activeProcessorCount - 1)

    /// Looks for the next loop before a member sleeps: about 50 µs.
    private static let looks = 2000
    /// Bits of `call` that tell how many members may still join the loop; above them is the loop's number.
    private static let placeBits = 16
    private static let placeMask = 1 << placeBits - 1

    private let memberCount: Int
    private let isTaken = Atomic(false), hasStarted = Atomic(false)
    /// The loop's number and how many members may still join it, in one word: a member that is late never joins a loop
    /// that is over.
    private let call = Atomic(0)
    /// Members that have joined the loop and left it.
    private let left = Atomic(0)
    /// The next block that nobody has taken.
    private let next = Atomic(0)
    private let sleeping = Atomic(0)
    private let bed = NSCondition()
    private var work: (@Sendable (Int) -> Void)?
    private var blockCount = 0

    init(memberCount: Int) { self.memberCount = min(memberCount, Self.placeMask) }

    /// Calls `work` once for each of `0..<blockCount`, on the caller's thread and on those of `others` members.
    ///
    /// - Returns: false, with nothing done, where the team is taken or has fewer members.
    func run(_ blockCount: Int, others: Int, _ work: @Sendable (Int) -> Void) -> Bool {
        guard others <= memberCount,
            isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else { return false }
        if !hasStarted.exchange(true, ordering: .relaxed) { start() }
        withoutActuallyEscaping(work) { work in
            self.work = work
            self.blockCount = blockCount
            next.store(0, ordering: .relaxed)
            left.store(0, ordering: .relaxed)
            let number = (call.load(ordering: .relaxed) >> Self.placeBits &+ 1) << Self.placeBits
            call.store(number | others, ordering: .sequentiallyConsistent)
            if sleeping.load(ordering: .sequentiallyConsistent) > 0 { bed.withLock { bed.broadcast() } }
            takeBlocks()
            // From here on nobody joins.
            let joined = others - call.exchange(number, ordering: .sequentiallyConsistent) & Self.placeMask
            var looks = 0
            while left.load(ordering: .acquiring) < joined {
                looks += 1
                if looks < Self.looks { cbf_pause() } else { sched_yield() }
            }
            self.work = nil
        }
        isTaken.store(false, ordering: .releasing)
        return true
    }

    /// Never inlined: whatever holds on to `work` lets go of it before this returns.
    @inline(never)
    private func takeBlocks() {
        guard let work else { return }
        while true {
            let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard block < blockCount else { return }
            work(block)
        }
    }

    private func start() {
        for member in 0..<memberCount {
            let thread = Thread { [self] in serve() }
            thread.name = "team \(member + 1)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func serve() -> Never {
        var seen = 0
        while true {
            seen = waitForLoop(after: seen)
            if join(seen) {
                takeBlocks()
                left.wrappingAdd(1, ordering: .releasing)
            }
        }
    }

    /// Takes a place in the loop of that number, where one is left.
    private func join(_ number: Int) -> Bool {
        var now = call.load(ordering: .acquiring)
        while now & ~Self.placeMask == number, now & Self.placeMask > 0 {
            let (joined, seen) = call.compareExchange(
                expected: now, desired: now - 1, ordering: .acquiringAndReleasing)
            if joined { return true }
            now = seen
        }
        return false
    }

    /// - Returns: the number of the next loop, in place above the places.
    private func waitForLoop(after seen: Int) -> Int {
        for _ in 0..<Self.looks {
            let now = call.load(ordering: .acquiring) & ~Self.placeMask
            if now != seen { return now }
            cbf_pause()
        }
        return bed.withLock {
            sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
            defer { sleeping.wrappingSubtract(1, ordering: .relaxed) }
            while true {
                let now = call.load(ordering: .sequentiallyConsistent) & ~Self.placeMask
                if now != seen { return now }
                bed.wait()
            }
        }
    }
}
