import Foundation
import Testing

/// Runs of `autodeco-inspect` as it was built beside these tests.
enum Program {
    /// What a run printed on standard output.
    ///
    /// - Throws: where the program cannot be started; its exit status is an expectation.
    static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("autodeco-inspect")
        process.arguments = arguments
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        // Each prints less than a pipe holds.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let words = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(
            process.terminationStatus == 0,
            "\(arguments.joined(separator: " ")): \(String(decoding: words, as: UTF8.self))")
        return text
    }
}

/// A folder that is there as long as this object.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "autodeco-inspect-tests-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}
