import Foundation
import Testing

@testable import Tensor

/// Distance of `x` from the exact value in units of the last place of a `T` near it; infinite where `x` is NaN.
private func ulps<T: Scalar>(_ x: T, from exact: Double) -> Double {
    if x == T(exact) { return 0 }
    return distance(x, exact) / Double(max(T(exact).ulp, T.leastNonzeroMagnitude))
}

/// |x − exact|; infinite where `x` is NaN, which would be passed over by a maximum.
private func distance<T: Scalar>(_ x: T, _ exact: Double) -> Double {
    Double(x).isNaN ? .infinity : abs(Double(x) - exact)
}

@Suite struct ExponentialTests {
    @Test func floatExponentialIsWithinTwoUlpOverTheWholeRange() {
        var worst = (ulps: 0.0, x: Float(0))
        // Every 997th Float from the smallest argument with a result to the largest.
        for sign: UInt32 in [0, 1 << 31] {
            var bits: UInt32 = 0
            while Float(bitPattern: bits) < 104.5 {
                var x = SIMD16<Float>()
                for lane in 0..<16 { x[lane] = Float(bitPattern: (bits + UInt32(lane) * 997) | sign) }
                let y = Float.exponential(x)
                for lane in 0..<16 where x[lane] <= 88.722839 {
                    let error = ulps(y[lane], from: Foundation.exp(Double(x[lane])))
                    if error > worst.ulps { worst = (error, x[lane]) }
                }
                bits += 16 * 997
            }
        }
        print("Float exponential: worst \(worst.ulps) ulp at \(worst.x)")
        #expect(worst.ulps <= 2)
    }

    @Test func doubleExponentialIsWithinTwoUlpOverTheWholeRange() {
        var random = RandomGenerator(seed: 1), worst = (ulps: 0.0, x: 0.0)
        for _ in 0..<20_000 {
            var x = SIMD16<Double>()
            for lane in 0..<16 { x[lane] = random.uniform(in: -745.1..<709.78) * (lane % 2 == 0 ? 1 : 1e-3) }
            let y = Double.exponential(x)
            for lane in 0..<16 {
                let exact = Foundation.exp(x[lane])
                let error = distance(y[lane], exact) / max(exact.ulp, .leastNonzeroMagnitude)
                if error > worst.ulps { worst = (error, x[lane]) }
            }
        }
        print("Double exponential: worst \(worst.ulps) ulp at \(worst.x)")
        // The reference is itself off by up to 1 ulp.
        #expect(worst.ulps <= 2)
    }

    @Test func exponentialOfExtremesIsZeroInfinityOrNaN() {
        let x: SIMD16<Float> = [-.infinity, .infinity, .nan, -1e30, 1e30, 0, -0.0, 88.8, -103.98, 0, 0, 0, 0, 0, 0, 0]
        let y = Float.exponential(x)
        #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN && y[3] == 0 && y[4] == .infinity)
        #expect(y[5] == 1 && y[6] == 1 && y[7] == .infinity && y[8] == 0)
        let z = Double.exponential([
            -.infinity, .infinity, .nan, -1e300, 1e300, 0, -0.0, 709.79, -745.2, 0, 0, 0, 0, 0, 0, 0,
        ])
        #expect(z[0] == 0 && z[1] == .infinity && z[2].isNaN && z[3] == 0 && z[4] == .infinity)
        #expect(z[5] == 1 && z[6] == 1 && z[7] == .infinity && z[8] == 0)
    }

    @Test func base2ExponentialIsWithinTwoUlpAndZeroFarBelow() {
        var worst = 0.0, random = RandomGenerator(seed: 2)
        for _ in 0..<20_000 {
            var y = SIMD16<Float>()
            for lane in 0..<16 { y[lane] = Float(random.uniform(in: -126..<0)) }
            let e = Float.exponentialBase2NotAboveOne(y)
            for lane in 0..<16 { worst = max(worst, ulps(e[lane], from: Foundation.exp2(Double(y[lane])))) }
        }
        #expect(worst <= 2, "worst \(worst) ulp")
        #expect(Float.exponentialBase2NotAboveOne(SIMD16(repeating: -1.44e38)) == SIMD16(repeating: 0))
        #expect(Double.exponentialBase2NotAboveOne(SIMD16(repeating: -1.44e38)) == SIMD16(repeating: 0))
        #expect(Float.exponentialBase2NotAboveOne(SIMD16(repeating: 0)) == SIMD16(repeating: 1))
    }

    @Test func floatLogarithmIsAccurate() {
        var random = RandomGenerator(seed: 3), worst = 0.0
        for _ in 0..<20_000 {
            var x = SIMD16<Float>()
            for lane in 0..<16 { x[lane] = Float(Foundation.exp(random.uniform(in: -80..<80) * (lane < 8 ? 1 : 0.02))) }
            let y = Float.logarithm(x)
            for lane in 0..<16 {
                let exact = Foundation.log(Double(x[lane]))
                worst = max(worst, distance(y[lane], exact) / max(0x1p-23, 2 * Double(Float(exact).ulp)))
            }
        }
        #expect(worst <= 1, "worst error is \(worst) times the larger of 2^-23 and 2 ulp")
    }
}
