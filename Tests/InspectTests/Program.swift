import Foundation
import TestSupport
import Testing

/// Runs of `autodeco-inspect` as it was built beside these tests.
enum Program {
    /// How a run ended, and what it said.
    ///
    /// - Throws: where the program cannot be started.
    static func outcome(_ arguments: [String]) throws -> SpawnedProgram {
        try SpawnedProgram("autodeco-inspect", arguments)
    }

    /// What a run printed on standard output.
    ///
    /// - Throws: where the program cannot be started; its exit status is an expectation.
    static func run(_ arguments: [String]) throws -> Data {
        let run = try outcome(arguments)
        try #require(run.status == 0, "\(arguments.joined(separator: " ")): \(run.errors)")
        return run.output
    }

    /// What a run said on standard error that ended with status 2.
    static func refusal(_ arguments: [String]) throws -> String {
        let run = try outcome(arguments)
        try #require(run.status == 2, "\(arguments.joined(separator: " ")): \(run.errors)")
        return run.errors
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
