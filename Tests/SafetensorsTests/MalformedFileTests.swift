import Foundation
import TestSupport
import Testing
@testable import Safetensors

/// A malformed file, the byte to blame, and what the message must say was found and expected.
struct Malformed: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    let byte: Int
    let found: String
    let expected: String

    init(_ title: String, file: [UInt8], byte: Int, found: String, expected: String) {
        testDescription = title
        self.file = file
        self.byte = byte
        self.found = found
        self.expected = expected
    }

    /// The byte is where `blamed` first stands in the header.
    init(_ title: String, _ header: String, data: Int = 0, at blamed: String, found: String, expected: String) {
        let text = Array(header.utf8)
        let start = header.range(of: blamed).map { header[..<$0.lowerBound].utf8.count } ?? -1
        self.init(
            title, file: assemble(text, data: Array(repeating: 7, count: data)), byte: 8 + start, found: found,
            expected: expected)
    }
}

private let aPair = #""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#

private let malformed: [Malformed] = [
    // The frame.
    Malformed("empty file", file: [], byte: 0, found: "0 bytes in all", expected: "at least 8"),
    Malformed("seven bytes", file: [1, 0, 0, 0, 0, 0, 0], byte: 7, found: "7 bytes in all", expected: "at least 8"),
    Malformed(
        "header longer than the file", file: [100, 0, 0, 0, 0, 0, 0, 0, 123, 125], byte: 0, found: "100 bytes",
        expected: "at most the 2 that follow"),
    Malformed(
        "header of more than 100 MB", file: [1, 225, 245, 5, 0, 0, 0, 0, 123], byte: 0, found: "100000001 bytes",
        expected: "at most 100000000"),
    Malformed(
        "header length beyond Int", file: Array(repeating: 255, count: 9), byte: 0, found: "18446744073709551615 bytes",
        expected: "at most 100000000"),
    Malformed("empty header", file: assemble(""), byte: 8, found: "an empty header", expected: "'{'"),
    Malformed("header of spaces", file: assemble("  "), byte: 8, found: "an empty header", expected: "'{'"),
    Malformed("list behind a space", file: assemble(" []"), byte: 9, found: "the byte 0x5b", expected: "'{'"),
    Malformed("header that is a list", file: assemble("[]"), byte: 8, found: "the byte 0x5b", expected: "'{'"),

    // JSON.
    Malformed(
        "unclosed object", file: assemble("{"), byte: 9, found: "the end of the text",
        expected: "a name in the header"),
    Malformed("missing colon", #"{"a" 1}"#, at: "1", found: "'1'", expected: "':'"),
    Malformed("missing comma", "{\(aPair) \"b\"", at: "\"b\"", found: "'\"'", expected: "',' or '}'"),
    Malformed(
        "trailing comma", "{\(aPair),}", data: 2, at: ",}", found: "'}'", expected: "a name in the header, a string"
    )
    .moved(by: 1),
    Malformed("text after the header", "{\(aPair)} x", data: 2, at: "x", found: "'x'", expected: "nothing but spaces"),
    Malformed("NUL after the header", "{}\0", at: "\0", found: "the byte 0x0", expected: "nothing but spaces"),
    Malformed("unclosed string", #"{"abc"#, at: "abc", found: "the end of the text", expected: "a closing quote")
        .moved(by: 3),
    Malformed("line break in a string", "{\"a\nb\":1}", at: "\n", found: "the byte 0xa", expected: "a closing quote"),
    Malformed("unknown escape", #"{"a\x":1}"#, at: #"\x"#, found: #"the escape '\x'"#, expected: "one that JSON knows"),
    Malformed("cut escape", #"{"a\u12g4":1}"#, at: "g", found: "'g'", expected: "four hexadecimal digits"),
    Malformed(
        "high surrogate alone", #"{"a\ud83dx":1}"#, at: #"\ud"#, found: "half of a surrogate pair",
        expected: "both halves"),
    Malformed(
        "low surrogate alone", #"{"a\ude00":1}"#, at: #"\ud"#, found: "half of a surrogate pair",
        expected: "both halves"),
    Malformed(
        "two high surrogates", #"{"a\ud83d\ud83d":1}"#, at: #"\ud"#, found: "half of a surrogate pair",
        expected: "both halves"),
    Malformed(
        "not UTF-8", file: assemble([0x7B, 0x22, 0x61, 0xC3, 0xA9, 0xFF, 0x22, 0x3A]), byte: 13, found: "the byte 0xff",
        expected: "UTF-8"),
    Malformed(
        "not UTF-8 outside of strings", file: assemble([0x7B, 0xE9, 0x7D]), byte: 9, found: "the byte 0xe9",
        expected: "a name in the header"),
    Malformed(
        "deep nesting", #"{"a":{"extra":"# + String(repeating: "[", count: 100_000), at: "[[",
        found: "more than 64 nested values",
        expected: "fewer"
    ).moved(by: 64),
    Malformed("bad literal", #"{"a":{"extra":trve"#, at: "ve", found: "'v'", expected: "true"),
    Malformed("bad number", #"{"a":{"extra":1.e5"#, at: "e5", found: "'e'", expected: "a value"),
    Malformed("no value", #"{"a":{"extra":}"#, at: "}", found: "'}'", expected: "a value"),

    // Names.
    Malformed(
        "repeated tensor", "{\(aPair),\(aPair.replacingOccurrences(of: "U8", with: "I8"))}", data: 2,
        at: aPair.replacingOccurrences(of: "U8", with: "I8"), found: "the name 'a' a second time",
        expected: "only once, at byte 9"),
    Malformed(
        "name repeated through an escape", #"{"__metadata__":{"k":"v","\u006b":"w"}}"#, at: #""\u006b""#,
        found: "the name 'k' a second time", expected: "only once, at byte 25"),
    Malformed(
        "repeated member", #"{"a":{"dtype":"U8","dtype":"I8""#, at: #""dtype":"I8""#,
        found: "the name 'dtype' a second time",
        expected: "only once"),

    // Metadata.
    Malformed(
        "metadata with a number", #"{"__metadata__":{"k":1}}"#, at: "1}", found: "'1'",
        expected: "the value of 'k' in __metadata__, a string"),
    Malformed("metadata as a list", #"{"__metadata__":[]}"#, at: "[]", found: "'['", expected: "'{' for __metadata__"),
    Malformed("metadata as another word", #"{"__metadata__":nil}"#, at: "il", found: "'i'", expected: "null"),

    // Tensors.
    Malformed("tensor that is a number", #"{"a":1}"#, at: "1", found: "'1'", expected: "'{' for tensor 'a'"),
    Malformed(
        "unknown type", #"{"a":{"dtype":"F12","shape":[],"data_offsets":[0,4]}}"#, data: 4, at: #""F12""#,
        found: "the type 'F12' for tensor 'a'", expected: "one of F64, F32, F16"),
    Malformed(
        "type that is a number", #"{"a":{"dtype":32}}"#, at: "32", found: "'3'",
        expected: "the type of tensor 'a', a string"
    ),
    Malformed(
        "no type", #"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, data: 1, at: #""a""#,
        found: "tensor 'a' without dtype",
        expected: "dtype, shape and data_offsets"),
    Malformed(
        "no shape", #"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, data: 1, at: #""a""#,
        found: "tensor 'a' without shape",
        expected: "dtype, shape and data_offsets"),
    Malformed(
        "no offsets", #"{"a":{"dtype":"U8","shape":[1]}}"#, data: 1, at: #""a""#,
        found: "tensor 'a' without data_offsets",
        expected: "dtype, shape and data_offsets"),
    Malformed(
        "one offset", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, data: 1, at: "[0]", found: "1 offsets",
        expected: "a begin and an end"),
    Malformed(
        "three offsets", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}"#, data: 1, at: "2]",
        found: "a third offset", expected: "a begin and an end"),
    Malformed(
        "negative size", #"{"a":{"dtype":"U8","shape":[-3]"#, at: "-3", found: "'-3'", expected: "a whole number from 0"
    ),
    Malformed(
        "broken size", #"{"a":{"dtype":"U8","shape":[1.5]"#, at: "1.5", found: "'1.5'",
        expected: "a size of tensor 'a', a whole number"),
    Malformed(
        "size with a leading zero", #"{"a":{"dtype":"U8","shape":[01]"#, at: "01", found: "'01'",
        expected: "a whole number"),
    Malformed(
        "size in words", #"{"a":{"dtype":"U8","shape":["1"]"#, at: #""1""#, found: "'\"'", expected: "a whole number"),
    Malformed(
        "size beyond Int", #"{"a":{"dtype":"U8","shape":[9223372036854775808]"#, at: "9223",
        found: "'9223372036854775808'",
        expected: "to 9223372036854775807"),
    Malformed(
        "product beyond Int", #"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
        at: "[4294967296,", found: "the shape [4294967296, 4294967296]", expected: "bytes can be counted"),
    Malformed(
        "bytes beyond Int", #"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}"#,
        at: "[2305", found: "the shape [2305843009213693952]", expected: "bytes can be counted"),

    // Layout.
    Malformed(
        "offsets beyond the data", #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, data: 2, at: "[0,3]",
        found: "the offsets 0 to 3 for tensor 'a'", expected: "within the 2 bytes of data"),
    Malformed(
        "offsets far beyond the data",
        #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[9223372036854775804,9223372036854775807]}}"#,
        data: 2, at: "[9223", found: "the offsets 9223372036854775804 to", expected: "within the 2 bytes of data"),
    Malformed(
        "reversed offsets", #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}"#, data: 2, at: "[2,0]",
        found: "the offsets 2 to 0", expected: "a begin that is not after the end"),
    Malformed(
        "size against offsets", #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,2]}}"#, data: 2, at: "[0,2]",
        found: "2 bytes between", expected: "4 for shape [2] of type F16"),
    Malformed(
        "overlap",
        #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#,
        data: 3, at: "[1,3]", found: "tensor 'b' starting at offset 1, inside of tensor 'a'", expected: "at 2"),
    Malformed(
        "same place twice", "{\(aPair),\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,  2]}}",
        data: 2, at: "[0,  2]", found: "tensor 'b' starting at offset 0", expected: "at 2"),
]

/// The byte to blame lies in the data.
private let holes: [Malformed] = {
    let inside =
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#
    let before = #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
    let after = "{\(aPair)}"
    return [
        Malformed(
            "hole between tensors", file: assemble(inside, data: [1, 2, 3, 4]), byte: 8 + inside.utf8.count + 1,
            found: "a hole of 2 bytes in front of tensor 'b'", expected: "at offset 1 right after tensor 'a'"),
        Malformed(
            "hole in front", file: assemble(before, data: [1, 2]), byte: 8 + before.utf8.count,
            found: "a hole of 1 bytes in front of tensor 'a'", expected: "at offset 0 right after the start"),
        Malformed(
            "bytes behind the last tensor", file: assemble(after, data: [1, 2, 3]), byte: 8 + after.utf8.count + 2,
            found: "1 bytes that belong to no tensor", expected: "to end after tensor 'a'"),
        Malformed(
            "data without tensors", file: assemble("{}", data: [1]), byte: 10,
            found: "1 bytes that belong to no tensor",
            expected: "to end after the start"),
    ]
}()

extension Malformed {
    fileprivate func moved(by bytes: Int) -> Malformed {
        Malformed(testDescription, file: file, byte: byte + bytes, found: found, expected: expected)
    }
}

struct MalformedFileTests {
    @Test(arguments: malformed + holes)
    func malformedFileIsRefusedWithByteFoundAndExpected(_ example: Malformed) throws {
        let folder = try TemporaryFolder()
        let path = folder("broken.safetensors")
        try save(example.file, to: path)
        let error = try #require(failure { try SafetensorsFile(path: path) })
        #expect(error.kind == .malformed)
        #expect(error.byte == example.byte, "\(error)")
        #expect(error.description.hasPrefix("\(path), byte \(example.byte): found "))
        #expect(error.reason.contains(example.found), "\(error)")
        #expect(error.reason.contains(", expected "), "\(error)")
        #expect(
            error.reason.split(separator: ", expected", maxSplits: 1).last?.contains(example.expected) == true,
            "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func missingFileAndFolderAndPipeCannotBeOpened() throws {
        let folder = try TemporaryFolder()
        let missing = try #require(failure { try SafetensorsFile(path: folder("none.safetensors")) })
        #expect(missing.kind == .cannotOpen)
        #expect(missing.description == "\(folder("none.safetensors")): cannot open the file: No such file or directory")

        let directory = try #require(failure { try SafetensorsFile(path: folder.path) })
        #expect(directory.description.hasSuffix("it is a folder"))

        mkfifo(folder("pipe"), 0o600)
        let pipe = try #require(failure { try SafetensorsFile(path: folder("pipe")) })
        #expect(pipe.description.hasSuffix("it is not a regular file"))
    }

    @Test func namesInMessagesStayOnOneLineAndShort() throws {
        let name = #"\n\u001b[31m"# + String(repeating: "x", count: 1000)
        let error = try #require(failure { try SafetensorsFile(bytes: assemble("{\"\(name)\":1}")) })
        #expect(error.description.contains(#"'\u{a}\u{1b}[31mxxx"#))
        #expect(error.description.count < 250)
    }
}
