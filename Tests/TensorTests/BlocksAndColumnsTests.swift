import Tensor
import Testing

@Suite struct BlocksAndColumnsTests {
    @Test func resultsOfBlocksComeInTheBlocksOrderWithAnyNumberOfThreads() {
        for threads in [1, 2, 3] {
            Parallel.$threads.withValue(threads) {
                let ranges = Parallel.mapBlocks(of: 10, blockSize: 4) { "\($0.lowerBound) to \($0.upperBound)" }
                #expect(ranges == ["0 to 4", "4 to 8", "8 to 10"])
                #expect(Parallel.mapBlocks(of: 0, blockSize: 4) { $0.count } == [])
            }
        }
    }

    @Test func columnsAreCopiedAndReplacedWithoutTouchingOthers() {
        let x = Tensor<Double>(shape: [2, 3], [1, 2, 3, 4, 5, 6])
        #expect(x.selecting(columns: 1..<3) == Tensor(shape: [2, 2], [2, 3, 5, 6]))
        #expect(x.column(2) == Tensor(shape: [2, 1], [3, 6]))
        #expect(Tensor(beside: [x.column(2), x]) == Tensor(shape: [2, 4], [3, 1, 2, 3, 6, 4, 5, 6]))
        var y = x
        y.setColumns(0..<2, to: x, columns: 1..<3)
        #expect(y == Tensor(shape: [2, 3], [2, 3, 3, 5, 6, 6]))
        #expect(x == Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6]))
    }

    @Test func pointersOfACopyLeaveTheOriginalAlone() {
        let x = Tensor<Float>(shape: [2], [1, 2])
        var y = x
        y.mutablePointer()[0] = 7
        #expect(x[0] == 1 && y[0] == 7)
        #expect(withPointers(to: x, y) { $0[0] + $1[0] } == 8)
    }
}
