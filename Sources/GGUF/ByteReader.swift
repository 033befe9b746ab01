import Files

/// Reads a file's bytes from front to back; every step is held against the end of the file.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    /// The file's path, for messages.
    let path: String
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, path: String, position: Int = 0) {
        (self.bytes, self.path, self.position) = (bytes, path, position)
    }

    /// Bytes that are left.
    var rest: Int { bytes.count - position }

    func failure(at byte: Int, _ reason: String) -> FileError {
        FileError(.malformed, file: path, byte: byte, reason)
    }

    /// Passes over some bytes.
    ///
    /// - Returns: where they begin.
    @discardableResult
    mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws -> Int {
        guard count <= rest else {
            throw failure(
                at: position, "found the end of the file after \(counted(rest, "byte")), expected \(count) of \(what())"
            )
        }
        defer { position += count }
        return position
    }

    mutating func number<Number: BitwiseCopyable>(_ what: @autoclosure () -> String, as: Number.Type) throws -> Number {
        let start = try skip(MemoryLayout<Number>.size, what())
        return bytes.loadUnaligned(fromByteOffset: start, as: Number.self)
    }

    /// A count of 64 bits, of things that take at least `leastBytes` each.
    mutating func count(_ what: String, leastBytes: Int) throws -> Int {
        let start = position, count = try number("the number of \(what)", as: UInt64.self)
        guard count <= UInt64(rest / leastBytes) else {
            throw failure(
                at: start,
                "found a number of \(what) of \(count), expected at most \(rest / leastBytes): that is what the "
                    + "\(counted(rest, "byte")) that follow can hold")
        }
        return Int(count)
    }

    /// A text: its length in 64 bits, and as many bytes of UTF-8.
    mutating func text(_ what: @autoclosure () -> String) throws -> String {
        let start = position, length = try number("the length of \(what())", as: UInt64.self)
        guard length <= UInt64(rest) else {
            throw failure(
                at: start,
                "found a length of \(length) for \(what()), expected at most the \(counted(rest, "byte")) that follow")
        }
        let first = try skip(Int(length), what())
        guard let text = String(validating: bytes[first..<position], as: UTF8.self) else {
            throw failure(at: first, "found bytes that are not UTF-8 in \(what()), expected a text")
        }
        return text
    }

    /// Passes over a text, whatever its bytes.
    mutating func skipText(_ what: @autoclosure () -> String) throws {
        let start = position, length = try number("the length of \(what())", as: UInt64.self)
        guard length <= UInt64(rest) else {
            throw failure(
                at: start,
                "found a length of \(length) for \(what()), expected at most the \(counted(rest, "byte")) that follow")
        }
        try skip(Int(length), what())
    }
}
