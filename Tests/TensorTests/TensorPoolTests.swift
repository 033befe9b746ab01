import Testing

@testable import Tensor

@Suite struct TensorPoolTests {
    @Test func aLoopOverTensorsOfEqualSizesAsksTheSystemOnlyInItsFirstRound() {
        let pool = TensorPool()
        TensorPool.$current.withValue(pool) {
            func round() {
                let a = Tensor<Float>(shape: [100, 7], repeating: 2), b = a * 3
                #expect(b[699] == 6)
            }
            round()
            let first = pool.allocations
            #expect(first == 2)
            for _ in 0..<10 { round() }
            #expect(pool.allocations == first)
        }
    }

    @Test func memoryInUseIsNotHandedOut() {
        let pool = TensorPool()
        TensorPool.$current.withValue(pool) {
            let tensors = (0..<20).map { Tensor<Double>(shape: [50], repeating: Double($0)) }
            for (number, tensor) in tensors.enumerated() {
                #expect(tensor.elements.allSatisfy { $0 == Double(number) })
            }
        }
    }

    @Test func aTensorOutlivesThePoolsScope() {
        func tensor() -> Tensor<Float> {
            let pool = TensorPool()
            return TensorPool.$current.withValue(pool) { Tensor(shape: [1000], repeating: 5) }
        }
        let x = tensor()
        #expect(x.sum() == 5000)
    }

    @Test func sizesAreRoundedUpByLessThanAnEighth() {
        for size in [1, 63, 64, 65, 1000, 4097, 123_456, 9_999_999] {
            let rounded = TensorPool.roundedUp(size)
            #expect(rounded >= size && rounded % 64 == 0)
            #expect(rounded <= max(64, size + size / 8 + 64))
            #expect(TensorPool.roundedUp(rounded) == rounded)
        }
    }
}
