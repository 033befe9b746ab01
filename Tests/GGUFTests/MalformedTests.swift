import Files
import Foundation
import TestSupport
import Testing
@testable import GGUF

/// A malformed file, the byte to blame, and what the message must say.
private struct Malformed: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    let byte: Int
    let found: String, expected: String

    init(_ title: String, byte: Int, found: String, expected: String, _ file: [UInt8]) {
        (testDescription, self.file, self.byte) = (title, file, byte)
        (self.found, self.expected) = (found, expected)
    }

    /// A sound file that is changed.
    init(_ title: String, byte: Int, found: String, expected: String, change: (inout GGUFBytes) -> Void) {
        var file = GGUFBytes()
        change(&file)
        self.init(title, byte: byte, found: found, expected: expected, file.bytes)
    }
}

private func number(_ value: UInt32) -> [UInt8] { GGUFBytes.number(value) }
private func count(_ value: UInt64) -> [UInt8] { GGUFBytes.number(value) }
private let four = GGUFBytes.floats([1])

// The head takes 24 bytes; a key of one letter 9 more, its value's type 4. A tensor of one letter and one size: 33.
private let malformed: [Malformed] = [
    // The frame.
    Malformed("empty file", byte: 0, found: "nothing", expected: "begins with GGUF", []),
    Malformed("another file", byte: 0, found: "the bytes 50 4b 3 4", expected: "begins with GGUF", [80, 75, 3, 4, 5]),
    Malformed(
        "file that ends in the version", byte: 4, found: "the end of the file after 2 bytes",
        expected: "4 of the version",
        Array("GGUF".utf8) + [3, 0]),
    Malformed("version 2", byte: 4, found: "version 2", expected: "version 3") { $0.version = 2 },
    Malformed("version 0", byte: 4, found: "version 0", expected: "version 3") { $0.version = 0 },
    Malformed("big-endian", byte: 4, found: "big-endian", expected: "little-endian") { $0.version = 3 << 24 },
    Malformed("more tensors than bytes", byte: 8, found: "tensors of 1", expected: "at most 0") { $0.tensorCount = 1 },
    Malformed("endless tensors", byte: 8, found: "\(UInt64.max)", expected: "at most 0") { $0.tensorCount = .max },
    Malformed("endless metadata", byte: 16, found: "\(UInt64.max)", expected: "at most 0") { $0.valueCount = .max },

    // Metadata.
    Malformed("key longer than the file", byte: 24, found: "length of 99", expected: "at most the") {
        $0.values = [count(99) + Array("a".utf8) + number(4) + number(0)]
    },
    Malformed("key of endless length", byte: 24, found: "\(UInt64.max)", expected: "at most the") {
        $0.values = [count(.max) + number(4) + number(0)]
    },
    Malformed("key that is not UTF-8", byte: 32, found: "not UTF-8 in a key", expected: "a text") {
        $0.values = [count(1) + [0xFF] + number(4) + number(0)]
    },
    Malformed("type that is none", byte: 33, found: "the type 13", expected: "0 to 12") {
        $0.set("a", type: 13, number(0))
    },
    Malformed("truth that is none", byte: 37, found: "2 as the value of 'a'", expected: "0 or 1") {
        $0.set("a", type: 7, [2])
    },
    Malformed("key that stands twice", byte: 41, found: "'a' a second time", expected: "only once") {
        $0.set("a", 1)
        $0.set("a", 2)
    },
    Malformed("text longer than the file", byte: 37, found: "length of 9", expected: "at most the 1 byte") {
        $0.set("a", type: 8, count(9) + [65])
    },
    Malformed("value that is cut off", byte: 37, found: "after 1 byte", expected: "8 of the value of 'a'") {
        $0.set("a", type: 10, [1])
    },
    Malformed("list of a type that is none", byte: 37, found: "the type 77", expected: "0 to 12") {
        $0.set("a", type: 9, number(77) + count(0))
    },
    Malformed("list longer than the file", byte: 41, found: "elements of 'a' of 3", expected: "at most 2") {
        $0.set("a", type: 9, number(4) + count(3) + number(1) + number(2))
    },
    Malformed("endless list", byte: 41, found: "\(UInt64.max)", expected: "at most 0") {
        $0.set("a", type: 9, number(0) + count(.max))
    },
    Malformed("element longer than the file", byte: 49, found: "length of 5", expected: "at most the 0 bytes") {
        $0.set("a", type: 9, number(8) + count(1) + count(5))
    },
    Malformed("list of truths that are none", byte: 50, found: "9 as the value of 'a'", expected: "0 or 1") {
        $0.set("a", type: 9, number(7) + count(2) + [1, 9])
    },
    Malformed("lists too deep", byte: 133, found: "lists inside of lists", expected: "at most 8 levels") {
        let depth = 40
        $0.set("a", type: 9, Array((0..<depth).map { _ in number(9) + count(1) }.joined()) + number(0) + count(0))
    },

    // Tensors.
    Malformed("alignment that is no power", byte: 53, found: "48", expected: "a power of two") {
        $0.set("general.alignment", 48)
    },
    Malformed("alignment 0", byte: 53, found: "0 for 'general.alignment'", expected: "from 1 to") {
        $0.set("general.alignment", 0)
    },
    Malformed("alignment that is a text", byte: 53, found: "\"x\"", expected: "a whole number") {
        $0.set("general.alignment", "x")
    },
    Malformed("five sizes", byte: 33, found: "5 sizes", expected: "at most 4") {
        $0.tensors = [.init("t", [1, 1, 1, 1, 1], four)]
    },
    Malformed("size beyond Int", byte: 37, found: "size of \(UInt64.max)", expected: "at most") {
        $0.tensors = [.init("t", [-1], four)]
    },
    Malformed("sizes whose product overflows", byte: 33, found: "4294967296 × 4294967296", expected: "can be counted") {
        $0.tensors = [.init("t", [1 << 32, 1 << 32], four)]
    },
    Malformed("bytes that overflow", byte: 33, found: "\(Int.max / 2)", expected: "can be counted") {
        $0.tensors = [.init("t", [Int.max / 2], four)]
    },
    Malformed("unknown type", byte: 45, found: "the type 4711 for tensor 't'", expected: "one of F32, F16, Q4_0") {
        $0.tensors = [.init("t", [1], type: 4711, four)]
    },
    Malformed("type that is not read", byte: 45, found: "the type IQ2_XS", expected: "IQ4_XS, BF16, MXFP4") {
        $0.tensors = [.init("t", [256], type: 17, four)]
    },
    Malformed("row that is no whole block", byte: 33, found: "rows of 40 numbers", expected: "a multiple of 32") {
        $0.tensors = [.init("t", [40], type: 2, four)]
    },
    Malformed("row that is no whole large block", byte: 33, found: "rows of 32 numbers", expected: "multiple of 256") {
        $0.tensors = [.init("t", [32], type: 12, four)]
    },
    Malformed("scalar in blocks", byte: 33, found: "rows of 1 number ", expected: "a multiple of 32") {
        $0.tensors = [.init("t", [], type: 8, four)]
    },
    Malformed("offset between the alignments", byte: 49, found: "the offset 4", expected: "a multiple of 32") {
        $0.tensors = [.init("t", [1], four, offset: 4)]
    },
    Malformed("offset behind the end", byte: 49, found: "the offset 64", expected: "within the 4 bytes of data") {
        $0.tensors = [.init("t", [1], four, offset: 64)]
    },
    Malformed("offset beyond Int", byte: 49, found: "the offset \(UInt64.max - 31)", expected: "within") {
        $0.tensors = [.init("t", [1], four, offset: .max - 31)]
    },
    Malformed("tensor that is cut off", byte: 49, found: "of 8 bytes", expected: "within the 4 bytes of data") {
        $0.tensors = [.init("t", [2], four)]
    },
    Malformed("tensor inside of another", byte: 82, found: "inside of tensor 't'", expected: "after that") {
        $0.tensors = [.init("t", [1], four), .init("u", [1], four, offset: 0)]
    },
    Malformed("name that stands twice", byte: 57, found: "'t' a second time", expected: "only once") {
        $0.tensors = [.init("t", [1], four), .init("t", [1], four)]
    },
]

@Suite struct MalformedTests {
    @Test(arguments: malformed)
    fileprivate func malformedFilesAreToldOfWithTheByte(_ each: Malformed) throws {
        let error = try #require(failure { try GGUFFile(bytes: each.file, name: "f") })
        #expect(error.kind == .malformed && error.byte == each.byte, "\(error)")
        #expect(error.reason.contains("found") && error.reason.contains(each.found), "\(error)")
        let parts = error.reason.components(separatedBy: "expected ")
        #expect(parts.count == 2 && parts.last?.contains(each.expected) == true, "\(error)")
        #expect(!error.description.contains("\n"))
    }

    /// Wherever a sound file ends too early.
    @Test func everyBeginningOfASoundFileIsRefused() throws {
        var file = GGUFBytes()
        file.set("a", 1)
        file.set("b", ["x", "yz"])
        file.tensors = [.init("t", [2], GGUFBytes.floats([1, 2])), .init("u", [1], GGUFBytes.floats([3]))]
        let whole = file.bytes
        _ = try GGUFFile(bytes: whole)
        for length in 0..<whole.count {
            #expect(failure { try GGUFFile(bytes: Array(whole[..<length])) }?.kind == .malformed, "\(length) bytes")
        }
    }
}
