import Foundation

extension StoredTensor {
    /// Whether the other tensor has the same shape and holds the same numbers, in whatever type.
    ///
    /// All elements count, up to the first that differs; bytes that are alike are not converted.
    ///
    /// - Throws: `SafetensorsError` of kind `unconvertible` for a type that is only carried.
    public func hasSameValues(as other: StoredTensor) throws -> Bool {
        guard shape == other.shape else { return false }
        let blockSize = 1 << 16
        var mine = [Float](repeating: 0, count: min(count, blockSize)), theirs = mine
        for start in stride(from: 0, to: count, by: blockSize) {
            let range = start..<min(start + blockSize, count)
            if type == other.type, hasSameBytes(as: other, range) { continue }
            try mine.withUnsafeMutableBufferPointer { try copy(range, into: $0) }
            try theirs.withUnsafeMutableBufferPointer { try other.copy(range, into: $0) }
            guard mine[..<range.count] == theirs[..<range.count] else { return false }
        }
        return true
    }

    /// Of two tensors of one type.
    private func hasSameBytes(as other: StoredTensor, _ range: Range<Int>) -> Bool {
        withExtendedLifetime((file, other.file)) {
            guard let mine = bytes.baseAddress, let theirs = other.bytes.baseAddress else { return true }
            let start = range.lowerBound * type.byteWidth
            return mine == theirs || memcmp(mine + start, theirs + start, range.count * type.byteWidth) == 0
        }
    }
}
