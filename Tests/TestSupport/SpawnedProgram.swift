import Foundation

/// A finished run of one of the programs that were built beside the tests.
package struct SpawnedProgram {
    /// Exit status; of a program that a signal ended, 128 and the signal's number.
    package let status: Int32
    /// What it wrote on standard output and on standard error.
    package let output: Data, errors: String

    /// Runs a program to its end.
    ///
    /// - Throws: `POSIXError` where it cannot be started; what reading its output throws.
    package init(_ name: String, _ arguments: [String]) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["output", "errors"].map { folder.appendingPathComponent($0) }
        let program = Bundle.main.bundleURL.appendingPathComponent(name).path
        // Not Foundation's `Process`, which is suspected to close descriptors that other tests have open.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, file) in zip([Int32(1), 2], files) {
            posix_spawn_file_actions_addopen(&actions, descriptor, file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") }
        defer { for entry in environment { free(entry) } }
        var identifier: pid_t = 0, ended: Int32 = 0
        let code = posix_spawn(&identifier, program, &actions, nil, words + [nil], environment + [nil])
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
        while waitpid(identifier, &ended, 0) < 0, errno == EINTR {}
        let signal = ended & 0x7F
        status = signal == 0 ? (ended >> 8) & 0xFF : 128 + signal
        output = try Data(contentsOf: files[0])
        errors = try String(contentsOf: files[1], encoding: .utf8)
    }
}
