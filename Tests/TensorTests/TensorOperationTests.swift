import Foundation
import Testing

@testable import Tensor

private func random(_ shape: [Int], seed: UInt64) -> Tensor<Double> {
    var random = RandomGenerator(seed: seed)
    return Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in random.normal() })
}

@Suite struct TensorOperationTests {
    /// Sizes with and without a partial last vector, and one that is cut into several blocks.
    @Test(arguments: [[1, 1], [1, 16], [3, 5], [2, 37], [300, 333]])
    func elementwiseOperationsAgreeWithTheirDefinition(shape: [Int]) {
        let a = random(shape, seed: 1), b = random(shape, seed: 2)
        for i in 0..<a.count {
            #expect(
                (a + b)[i] == a[i] + b[i] && (a - b)[i] == a[i] - b[i] && (a * b)[i] == a[i] * b[i]
                    && (a / b)[i] == a[i] / b[i])
            if i > 200 { break }
        }
        let relu = a.relu(), gated = a.zeroed(whereNotPositive: b), sigmoid = a.sigmoid(),
            clamped = a.clamped(to: -0.5...1)
        for i in 0..<a.count {
            #expect(relu[i] == max(a[i], 0))
            #expect(gated[i] == (b[i] > 0 ? a[i] : 0))
            #expect(abs(sigmoid[i] - 1 / (1 + exp(-a[i]))) < 1e-15)
            #expect(clamped[i] == min(max(a[i], -0.5), 1))
        }
    }

    @Test func aRowAColumnAndANumberAreRepeated() {
        let a = random([5, 37], seed: 3), row = random([1, 37], seed: 4), column = random([5, 1], seed: 5),
            number = random([1, 1], seed: 6)
        let byRow = a + row, byColumn = a / column, byNumber = a * number
        for i in 0..<5 {
            for j in 0..<37 {
                #expect(byRow[i, j] == a[i, j] + row[0, j])
                #expect(byColumn[i, j] == a[i, j] / column[i, 0])
                #expect(byNumber[i, j] == a[i, j] * number[0])
            }
        }
        #expect(abs((a.summed(toShape: [1, 37])[0, 3] - (0..<5).reduce(0) { $0 + a[$1, 3] })) < 1e-14)
        #expect(abs((a.summed(toShape: [5, 1])[2, 0] - (0..<37).reduce(0) { $0 + a[2, $1] })) < 1e-13)
        #expect(abs(a.summed(toShape: [1, 1])[0] - a.sum()) < 1e-12)
    }

    @Test func shapesThatDoNotFitStopWithBothNamed() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor<Float>(shape: [2, 3]) + Tensor<Float>(shape: [2, 4])
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("[2, 3] and [2, 4]"))
    }

    @Test func softmaxSumsToOneAndLogSoftmaxIsItsLogarithm() {
        let x = random([4, 133], seed: 7), p = x.softmax(), logP = x.logSoftmax()
        for i in 0..<4 {
            #expect(abs((0..<133).reduce(0) { $0 + p[i, $1] } - 1) < 1e-14)
            for j in 0..<133 { #expect(abs(log(p[i, j]) - logP[i, j]) < 1e-13) }
        }
    }

    @Test func softmaxOfAnImpossibleTokenIsZero() {
        let p = Tensor<Float>(shape: [1, 3], [0, -.infinity, 0]).softmax()
        #expect(p == Tensor(shape: [1, 3], [0.5, 0, 0.5]))
    }

    @Test func cumulativeSumsRunForwardsAndBackwards() {
        let x = Tensor<Float>(shape: [2, 3], [1, 2, 4, 8, 16, 32])
        #expect(x.cumulativeSums() == Tensor(shape: [2, 3], [1, 3, 7, 8, 24, 56]))
        #expect(x.reversedCumulativeSums() == Tensor(shape: [2, 3], [7, 6, 4, 56, 48, 32]))
    }

    @Test func descendingOrderKeepsTheOrderOfEqualElements() {
        #expect(Tensor<Float>(shape: [1, 5], [1, 3, 1, 3, -.infinity]).descendingOrder() == [[1, 3, 0, 2, 4]])
    }

    @Test func copiesAreIndependent() {
        var a = Tensor<Float>(shape: [2], [1, 2])
        let b = a
        a[0] = 9
        #expect(b[0] == 1 && a[0] == 9)
    }

    @Test func borrowedMemoryIsCopiedBeforeItIsWritten() {
        final class Owner { var numbers: [Float] = [1, 2, 3] }
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3)
        defer { memory.deallocate() }
        _ = memory.initialize(from: [1, 2, 3])
        var a = Tensor<Float>(shape: [3], borrowing: UnsafeBufferPointer(memory), owner: Owner())
        a.withUnsafeBufferPointer { #expect($0.baseAddress == UnsafePointer(memory.baseAddress)) }
        a[1] = 7
        #expect(memory[1] == 2 && a[1] == 7)
    }
}
