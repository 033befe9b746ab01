// Blocks of 32 numbers with one scale d and, in some, one offset m, in half precision. A byte of four-bit numbers holds
// those at the places i (low half) and i + 16 (high half).

/// `d·(q − 8)`: d, 16 bytes.
@inline(__always)
func decodeQ40(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0)
    for i in 0..<16 {
        let pair = byte(source, 2 &+ i)
        y[i] = d * Float((pair & 15) &- 8)
        y[i &+ 16] = d * Float((pair >> 4) &- 8)
    }
}

/// `d·q + m`: d, m, 16 bytes.
@inline(__always)
func decodeQ41(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), m = half(source, 2)
    for i in 0..<16 {
        let pair = byte(source, 4 &+ i)
        y[i] = d * Float(pair & 15) + m
        y[i &+ 16] = d * Float(pair >> 4) + m
    }
}

/// `d·(q − 16)`: d, 32 fifth bits, 16 bytes.
@inline(__always)
func decodeQ50(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), high = source.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
    for i in 0..<16 {
        let (low, top) = fiveBits(byte(source, 6 &+ i), high, i)
        y[i] = d * Float(low &- 16)
        y[i &+ 16] = d * Float(top &- 16)
    }
}

/// `d·q + m`: d, m, 32 fifth bits, 16 bytes.
@inline(__always)
func decodeQ51(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), m = half(source, 2), high = source.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    for i in 0..<16 {
        let (low, top) = fiveBits(byte(source, 8 &+ i), high, i)
        y[i] = d * Float(low) + m
        y[i &+ 16] = d * Float(top) + m
    }
}

/// The numbers at the places i and i + 16, each four bits of the pair and one of `high`.
@inline(__always)
private func fiveBits(_ pair: Int32, _ high: UInt32, _ i: Int) -> (Int32, Int32) {
    let bits = high &>> UInt32(truncatingIfNeeded: i)
    return (
        pair & 15 | Int32(truncatingIfNeeded: bits & 1) &<< 4,
        pair >> 4 | Int32(truncatingIfNeeded: bits &>> 16 & 1) &<< 4
    )
}

/// `d·q`: d, 32 signed bytes.
@inline(__always)
func decodeQ80(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0)
    for i in 0..<32 { y[i] = d * Float(source.load(fromByteOffset: 2 &+ i, as: Int8.self)) }
}

/// What four bits stand for in IQ4_NL and IQ4_XS: closer together near zero.
@inline(__always)
func unevenLevel(_ nibble: Int32) -> Float {
    // A table of sixteen signed bytes in two words.
    let levels: (UInt64, UInt64) = (0xF6EA_DDCF_BFAD_9881, 0x7159_4535_2619_0D01)
    let word = nibble < 8 ? levels.0 : levels.1
    return Float(Int8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: (nibble & 7) &* 8)))
}

/// `d·level(q)`: d, 16 bytes.
@inline(__always)
func decodeIQ4NL(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    decodeLevels(half(source, 0), source + 2, y)
}

/// `d·level(q)` of 16 bytes.
@inline(__always)
func decodeLevels(_ d: Float, _ pairs: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    for i in 0..<16 {
        let pair = byte(pairs, i)
        y[i] = d * unevenLevel(pair & 15)
        y[i &+ 16] = d * unevenLevel(pair >> 4)
    }
}

/// `2^(e − 128)·q`, q twice the four-bit number ±0, 0.5, 1, 1.5, 2, 3, 4 or 6: e in a byte, 16 bytes.
@inline(__always)
func decodeMXFP4(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let exponent = UInt32(truncatingIfNeeded: byte(source, 0))
    // Below 2 the scale is subnormal.
    let d = Float(bitPattern: exponent < 2 ? 0x0020_0000 &<< exponent : (exponent &- 1) &<< 23)
    @inline(__always) func doubled(_ nibble: Int32) -> Float {
        // 0, 1, 2, 3, 4, 6, 8, 12, a byte each.
        let magnitude = Float(Int8(truncatingIfNeeded: 0x0C08_0604_0302_0100 as UInt64 &>> UInt64((nibble & 7) &* 8)))
        return nibble & 8 == 0 || magnitude == 0 ? magnitude : -magnitude
    }
    for i in 0..<16 {
        let pair = byte(source, 1 &+ i)
        y[i] = d * doubled(pair & 15)
        y[i &+ 16] = d * doubled(pair >> 4)
    }
}
