import Foundation
import Synchronization
import Testing

@testable import Tensor

@Suite struct ThreadTeamTests {
    @Test(arguments: [0, 1, 3]) func eachBlockIsDoneOnceAndBeforeTheLoopReturns(_ members: Int) {
        let team = ThreadTeam(memberCount: members)
        for round in 0..<3000 {
            let count = round % 40
            var done = [Int](repeating: 0, count: max(1, count))
            done.withUnsafeMutableBufferPointer { done in
                nonisolated(unsafe) let done = done
                #expect(team.run(count, others: members) { done[$0] += $0 + round })
            }
            #expect((0..<count).allSatisfy { done[$0] == $0 + round })
            // Some loops find the members awake, some asleep.
            if round % 500 == 0 { Thread.sleep(forTimeInterval: 0.002) }
        }
    }

    @Test func loopInsideOfALoopIsSentAway() {
        let team = ThreadTeam(memberCount: 1), refused = Atomic(0)
        #expect(
            team.run(8, others: 1) { _ in
                if !team.run(1, others: 0, { _ in }) { refused.wrappingAdd(1, ordering: .relaxed) }
            })
        #expect(refused.load(ordering: .relaxed) == 8)
        #expect(!team.run(8, others: 2) { _ in }, "more members than there are")
        #expect(team.run(8, others: 1) { _ in }, "free again")
    }

    /// What parallel loops promise, from many threads at once and one inside of the other.
    @Test func loopsOfManyThreadsKeepApart() {
        let total = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 16) { _ in
            for _ in 0..<50 {
                Parallel.forEachBlock(of: 100, blockSize: 7) { outer in
                    Parallel.forEachBlock(of: outer.count, blockSize: 2) { inner in
                        total.wrappingAdd(inner.count, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(total.load(ordering: .relaxed) == 16 * 50 * 100)
    }
}
