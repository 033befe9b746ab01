import Tensor

/// The microscaling format with four-bit numbers: 32 of them in 16 bytes, and a byte that scales them.
///
/// A nibble is sign, two bits of exponent, one of mantissa: ±0, 0.5, 1, 1.5, 2, 3, 4 or 6. A scale s means 2^(s − 127);
/// 255 is infinity, as it is where transformers dequantises.
enum MXFP4 {
    static let blockSize = 32
    static let bytesPerBlock = 16
}

/// Sixteen nibbles, in the low four bits of each lane, as numbers.
///
/// With 126 added to its exponent the magnitude's pattern reads g = 0.5, 0.75, 1, 1.5, 2, 3, 4, 6: right but for the
/// first two, which `2g − 1` repairs; that is the smaller one exactly there.
@inline(__always)
private func fourBitFloats(_ nibbles: SIMD16<UInt32>) -> SIMD16<Float> {
    let magnitude = nibbles & 7
    let g = unsafeBitCast((magnitude &<< 22) &+ (126 << 23), to: SIMD16<Float>.self)
    let repaired = g + g - 1
    let value = g.replacing(with: repaired, where: repaired .< g)
    return unsafeBitCast(unsafeBitCast(value, to: SIMD16<UInt32>.self) | ((nibbles & 8) &<< 28), to: SIMD16<Float>.self)
}

/// Blocks of 32 numbers as Float, of each block first the even places, then the odd ones.
@inline(never)
func decodeMXFP4(
    _ packed: UnsafeRawPointer, _ scales: UnsafeRawPointer, blocks: Int, into destination: UnsafeMutablePointer<Float>
) {
    for block in 0..<blocks {
        let bytes = packed.loadUnaligned(fromByteOffset: block &* 16, as: SIMD16<UInt8>.self)
        var wide = SIMD16<UInt32>()
        // The library's conversion is a call; this is one instruction.
        for lane in 0..<16 { wide[lane] = UInt32(bytes[lane]) }
        let exponent = UInt32(scales.load(fromByteOffset: block, as: UInt8.self))
        // 2^-127 has no exponent field of its own.
        let scale = SIMD16<Float>(repeating: Float(bitPattern: exponent == 0 ? 1 << 22 : exponent &<< 23))
        storeVector(fourBitFloats(wide) * scale, destination + block &* 32)
        storeVector(fourBitFloats(wide &>> 4) * scale, destination + (block &* 32 &+ 16))
    }
}
