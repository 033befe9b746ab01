/// Stepping through valid UTF-8 scalar by scalar, without making a string of it.
extension Array<UInt8> {
    /// The scalar that starts at `position`, and its length in bytes. The text must be valid UTF-8.
    @inline(__always)
    func scalar(at position: Int) -> (scalar: UInt32, width: Int) {
        let first = UInt32(self[position])
        if first < 0x80 { return (first, 1) }
        let second = UInt32(self[position + 1] & 0x3F)
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        let third = UInt32(self[position + 2] & 0x3F)
        if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
        return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(self[position + 3] & 0x3F), 4)
    }

    /// Where the scalar before `position` starts.
    @inline(__always)
    func position(before position: Int) -> Int {
        var start = position - 1
        while self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}

extension Unicode.Scalar {
    var utf8Bytes: [UInt8] { Array(String(self).utf8) }
}
