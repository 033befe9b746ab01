import Files
import Foundation
import Safetensors

/// Where results are written: each file appears whole or not at all.
struct ResultsFolder: Sendable {
    let folder: URL

    init(_ folder: URL) { self.folder = folder }

    /// Writes all forms of the results over those of before.
    func write(_ results: EvaluationResults) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        try AtomicFile.write(encoder.encode(results), to: url("results.json").path)
        try AtomicFile.write(Data(results.markdown.utf8), to: url("results.md").path)
        try EvaluationReport(results).write(to: url("report.html"))
    }

    private func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
}
