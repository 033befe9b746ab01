import Foundation
import Testing

@testable import Tasks

/// Public problem files are read whole, as their repositories have them, where they lie beside the project.
@Suite struct BenchmarkTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/benchmarks")

    @Test(
        .enabled("shared/benchmarks is not there") {
            FileManager.default.fileExists(atPath: BenchmarkTests.folder.path)
        },
        arguments: [
            ("aime24.jsonl", VerifierName.boxed), ("aime25.jsonl", .boxed), ("beyondaime.jsonl", .boxed),
            ("brumo25.jsonl", .boxed), ("hmmt25.jsonl", .boxed), ("MMLU-Pro-100.json", .choice),
            ("mmlu_pro_lite.jsonl", .choice), ("ifeval.jsonl", .command), ("general_dev.jsonl", .command),
        ])
    func publicFilesAreReadWhole(name: String, verifier: VerifierName) throws {
        let problems = try ProblemFile.read(Self.folder.appendingPathComponent(name).path, for: verifier)
        #expect(problems.count >= 30 && problems.allSatisfy { !$0.text.isEmpty })
        if name.hasPrefix("ifeval") {
            #expect(problems.allSatisfy { $0.answer == .absent && $0.members.map(\.name).contains("kwargs") })
        } else {
            #expect(problems.allSatisfy { $0.answer != .absent && $0.members.isEmpty })
        }
    }
}
