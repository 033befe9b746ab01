import Foundation
import TestSupport
import Testing

@testable import Safetensors

/// The value of `bits` from the definition: sign, exponent and mantissa fields.
private func value(_ bits: Int, exponentBits: Int, mantissaBits: Int) -> Double {
    let sign = bits >> (exponentBits + mantissaBits) == 1 ? -1.0 : 1.0
    let exponent = bits >> mantissaBits & (1 << exponentBits - 1)
    let fraction = Double(bits & (1 << mantissaBits - 1)) / Double(1 << mantissaBits)
    let bias = 1 << (exponentBits - 1) - 1
    if exponent == 1 << exponentBits - 1 { return fraction == 0 ? sign * .infinity : .nan }
    return sign * (exponent == 0 ? fraction * exp2(Double(1 - bias)) : (1 + fraction) * exp2(Double(exponent - bias)))
}

private func halfValue(_ bits: Int) -> Double { value(bits, exponentBits: 5, mantissaBits: 10) }
private func bfloatValue(_ bits: Int) -> Double { value(bits, exponentBits: 8, mantissaBits: 7) }

private func areSame(_ a: Double, _ b: Double) -> Bool { a.isNaN ? b.isNaN : a == b && a.sign == b.sign }

/// Around each finite positive value of the type: the value, the middle to the next, and the neighbours of the middle.
private func hardCases(_ value: (Int) -> Double, largest: Int) -> [(wanted: Int, Double)] {
    (0...largest).flatMap { bits -> [(Int, Double)] in
        let low = value(bits)
        // One step above the largest finite value is where infinity begins to win.
        let high = bits == largest ? low + (low - value(bits - 1)) : value(bits + 1)
        let middle = (low + high) / 2
        return [(bits, low), (bits, middle.nextDown), (bits + bits % 2, middle), (bits + 1, middle.nextUp)]
    }
}

struct HalfPrecisionTests {
    @Test func everyFloat16PatternReadsAsItsDefinition() {
        let wrong = (0..<65_536).filter { !areSame(Double(float(float16: UInt16($0))), halfValue($0)) }
        #expect(wrong.isEmpty)
    }

    @Test func everyBFloat16PatternReadsAsItsDefinition() {
        let wrong = (0..<65_536).filter { !areSame(Double(float(bfloat16: UInt16($0))), bfloatValue($0)) }
        #expect(wrong.isEmpty)
    }

    @Test func everyPatternSurvivesARoundTrip() {
        let wrong = (0..<65_536).map(UInt16.init).filter {
            float16(float(float16: $0)) | 0x200 != $0 | 0x200 && float(float16: $0).isNaN
                || !float(float16: $0).isNaN && float16(float(float16: $0)) != $0
                || !float(bfloat16: $0).isNaN && bfloat16(float(bfloat16: $0)) != $0
                || float(bfloat16: $0).isNaN && !float(bfloat16: bfloat16(float(bfloat16: $0))).isNaN
        }
        #expect(wrong.isEmpty)
    }

    @Test func doublesRoundToTheNearestFloat16WithTiesToEven() {
        let wrong = hardCases(halfValue, largest: 0x7BFF).filter { wanted, value in
            Int(float16(floatRoundedToOdd(value))) != wanted
                || Int(float16(floatRoundedToOdd(-value))) != wanted | 0x8000
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test func doublesRoundToTheNearestBFloat16WithTiesToEven() {
        let wrong = hardCases(bfloatValue, largest: 0x7F7F).filter { wanted, value in
            Int(bfloat16(floatRoundedToOdd(value))) != wanted
                || Int(bfloat16(floatRoundedToOdd(-value))) != wanted | 0x8000
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test func floatsRoundLikeTheStandardLibrarysFloat16() {
        var draws = Draws(seed: 1)
        let edges = hardCases(halfValue, largest: 0x7BFF).flatMap {
            [Float($0.1), Float($0.1).nextUp, Float($0.1).nextDown]
        }
        let random = (0..<200_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: draws.next())) }
        let wrong = (edges + random).filter { !areSame(Double(float(float16: float16($0))), Double(Float16($0))) }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test func floatsRoundToBFloat16LikeAnExactSearch() {
        var draws = Draws(seed: 2)
        let wrong = (0..<200_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: draws.next())) }.filter {
            value in
            if value.isNaN { return !float(bfloat16: bfloat16(value)).isNaN }
            let low = Int(value.bitPattern >> 16)
            let toLow = abs(Double(value) - bfloatValue(low))
            // Above the largest finite value the next step stands for infinity.
            let step = bfloatValue(low & 0x7F80) * 0x1p-7
            let toHigh = abs(low & 0x7F80 == 0 ? 0x1p-133 - toLow : step - toLow)
            let wanted = toLow < toHigh || toLow == toHigh && low % 2 == 0 ? low : low + 1
            return value.isInfinite ? Int(bfloat16(value)) != low : Int(bfloat16(value)) != wanted
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    @Test(arguments: [Double.infinity, 1e300, 65_520, 0x1.FFp127])
    func beyondTheRangeIsInfinity(_ value: Double) {
        #expect(float16(floatRoundedToOdd(value)) == 0x7C00)
        #expect(float16(floatRoundedToOdd(-value)) == 0xFC00)
        #expect(value < 1e38 || bfloat16(floatRoundedToOdd(value)) == 0x7F80)
    }

    @Test func nanStaysNaN() {
        for bits: UInt32 in [0x7F80_0001, 0x7FC0_0000, 0xFFFF_FFFF, 0x7F80_8000, 0xFF80_0001] {
            let nan = Float(bitPattern: bits)
            #expect(float(float16: float16(nan)).isNaN && float(bfloat16: bfloat16(nan)).isNaN)
            #expect(float(float16: float16(floatRoundedToOdd(Double(nan)))).isNaN)
        }
    }

    @Test func roundingTwiceWouldBeWrongAndIsNotDone() {
        // Just above the middle of two halves; as a Float it is the middle itself, and the tie would go to even.
        let value = 1 + 0x1p-11 + 0x1p-40
        #expect(float16(Float(value)) == 0x3C00)
        #expect(float16(floatRoundedToOdd(value)) == 0x3C01)
    }
}
