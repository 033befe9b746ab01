import Files
import Foundation

/// A folder that is gone when the test is over.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("safetensors-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The same as a URL.
    package var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    package var contents: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// SplitMix64: the same numbers for the same seed.
package struct Draws: RandomNumberGenerator {
    package var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A file as a header text and its data.
package func assemble(_ header: String, data: [UInt8] = []) -> [UInt8] {
    assemble(Array(header.utf8), data: data)
}

package func assemble(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header + data
}

package func save(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
}

package func load(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The error of a call that must fail; nil where it does not fail, or with another error.
package func failure<Result>(of call: () throws -> Result) -> FileError? {
    do { _ = try call() } catch { return error as? FileError }
    return nil
}
