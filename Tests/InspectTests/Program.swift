import Foundation
import Testing

/// Runs of `autodeco-inspect` as it was built beside these tests.
enum Program {
    /// What a run printed on standard output.
    ///
    /// - Throws: where the program cannot be started; its exit status is an expectation.
    static func run(_ arguments: [String]) throws -> Data {
        let ended = try ended(arguments)
        try #require(ended.status == 0, "\(arguments.joined(separator: " ")): \(ended.said)")
        return ended.output
    }

    /// What a run said on standard error that ended with status 2.
    static func refusal(_ arguments: [String]) throws -> String {
        let ended = try ended(arguments)
        // As wait(2) packs it: the exit status above the low byte.
        try #require(ended.status == 2 << 8, "\(arguments.joined(separator: " ")): \(ended.said)")
        return ended.said
    }

    private static func ended(_ arguments: [String]) throws -> (status: Int32, output: Data, said: String) {
        let folder = try TemporaryFolder(), output = folder.path("output"), errors = folder.path("errors")
        let program = Bundle.main.bundleURL.appendingPathComponent("autodeco-inspect").path
        // Not Foundation's `Process`, which is suspected to close descriptors that other tests have open.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") }
        defer { for entry in environment { free(entry) } }
        var identifier: pid_t = 0, status: Int32 = 0
        let code = posix_spawn(&identifier, program, &actions, nil, words + [nil], environment + [nil])
        try #require(code == 0, "\(program): posix_spawn gave \(code)")
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        let said = try String(contentsOfFile: errors, encoding: .utf8)
        return (status, try Data(contentsOf: URL(fileURLWithPath: output)), said)
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
