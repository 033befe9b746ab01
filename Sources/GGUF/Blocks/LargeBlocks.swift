// Blocks of 256 numbers: one scale d, in some one scale of offsets, and small whole numbers that multiply them for each
// group of 16 or 32 neighbours.

/// `d·s·q − dmin·m` for groups of 16: s and m in 16 bytes, 64 bytes of two-bit numbers, d, dmin.
func decodeQ2K(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 80), minimum = half(source, 82)
    for group in 0..<16 {
        let both = byte(source, group)
        let scale = d * Float(both & 15), offset = minimum * Float(both >> 4)
        let (first, shift) = twoBits(group)
        for i in 0..<16 {
            y[group &* 16 &+ i] = scale * Float(byte(source, 16 &+ first &+ i) &>> shift & 3) - offset
        }
    }
}

/// Where the two-bit numbers of a group of 16 lie: from which byte on, and shifted by how much. 128 numbers share 32
/// bytes, the first 32 of them in the lowest bits.
@inline(__always)
private func twoBits(_ group: Int) -> (first: Int, shift: Int32) {
    (group / 8 &* 32 &+ group % 2 &* 16, Int32(truncatingIfNeeded: group % 8 / 2 &* 2))
}

/// `d·(s − 32)·q` for groups of 16: 256 third bits, 64 bytes of two-bit numbers, s in 12 bytes, d.
func decodeQ3K(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 108), scales = source + 96
    for group in 0..<16 {
        let low = group < 8 ? byte(scales, group) & 15 : byte(scales, group &- 8) >> 4
        let high = byte(scales, 8 &+ group % 4) &>> Int32(truncatingIfNeeded: group / 4 &* 2) & 3
        let scale = d * Float((low | high &<< 4) &- 32)
        let (first, shift) = twoBits(group)
        let bit = Int32(truncatingIfNeeded: group / 2)
        for i in 0..<16 {
            let q = byte(source, 32 &+ first &+ i) &>> shift & 3
            // The third bit is set where nothing is taken away.
            let third = byte(source, first % 32 &+ i) &>> bit & 1
            y[group &* 16 &+ i] = scale * Float(q &- 4 &+ third &* 4)
        }
    }
}

/// Scale and offset of group 0 to 7 in Q4_K and Q5_K: six bits each, in 12 bytes.
@inline(__always)
private func sixBits(_ scales: UnsafeRawPointer, _ group: Int) -> (scale: Int32, offset: Int32) {
    guard group >= 4 else { return (byte(scales, group) & 63, byte(scales, group &+ 4) & 63) }
    let both = byte(scales, group &+ 4)
    return (
        both & 15 | byte(scales, group &- 4) >> 2 & 48,
        both >> 4 | byte(scales, group) >> 2 & 48
    )
}

/// `d·s·q − dmin·m` for groups of 32: d, dmin, s and m in 12 bytes, 128 bytes of four-bit numbers.
func decodeQ4K(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), minimum = half(source, 2)
    for group in 0..<8 {
        let (s, m) = sixBits(source + 4, group)
        let scale = d * Float(s), offset = minimum * Float(m)
        let pairs = source + (16 &+ group / 2 &* 32), shift = Int32(truncatingIfNeeded: group % 2 &* 4)
        for i in 0..<32 { y[group &* 32 &+ i] = scale * Float(byte(pairs, i) &>> shift & 15) - offset }
    }
}

/// As Q4_K, with 256 fifth bits before the four-bit numbers.
func decodeQ5K(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), minimum = half(source, 2)
    for group in 0..<8 {
        let (s, m) = sixBits(source + 4, group)
        let scale = d * Float(s), offset = minimum * Float(m)
        let pairs = source + (48 &+ group / 2 &* 32), shift = Int32(truncatingIfNeeded: group % 2 &* 4)
        let bit = Int32(truncatingIfNeeded: group)
        for i in 0..<32 {
            let q = byte(pairs, i) &>> shift & 15 | (byte(source, 16 &+ i) &>> bit & 1) &<< 4
            y[group &* 32 &+ i] = scale * Float(q) - offset
        }
    }
}

/// `d·s·(q − 32)` for groups of 16: 128 bytes of four low bits, 64 of two high ones, s in 16 signed bytes, d.
func decodeQ6K(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 208)
    for group in 0..<16 {
        let scale = d * Float(source.load(fromByteOffset: 192 &+ group, as: Int8.self))
        // 128 numbers share 64 bytes of low bits, the first 64 of them in the low halves.
        let low = source + (group / 8 &* 64 &+ group % 4 &* 16)
        let lowShift = Int32(truncatingIfNeeded: group % 8 / 4 &* 4)
        let (high, highShift) = twoBits(group)
        for i in 0..<16 {
            let q = byte(low, i) &>> lowShift & 15 | (byte(source, 128 &+ high &+ i) &>> highShift & 3) &<< 4
            y[group &* 16 &+ i] = scale * Float(q &- 32)
        }
    }
}

/// `d·(s − 32)·level(q)` for groups of 32: d, s in 2 and 4 bytes, 128 bytes.
func decodeIQ4XS(_ source: UnsafeRawPointer, _ y: UnsafeMutablePointer<Float>) {
    let d = half(source, 0), highs = Int32(source.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    for group in 0..<8 {
        let low = byte(source, 4 &+ group / 2) &>> Int32(truncatingIfNeeded: group % 2 &* 4) & 15
        let high = highs &>> Int32(truncatingIfNeeded: group &* 2) & 3
        decodeLevels(d * Float((low | high &<< 4) &- 32), source + (8 &+ group &* 16), y + group &* 32)
    }
}
