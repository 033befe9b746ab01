import Foundation
import HiddenStateCache
import Recipes
import Scoring
import TestSupport
import Testing
import Training

/// `runs` and `diagnose` say of heads what the run that made them said: with its own objective, weights and split.
@Suite struct RunVerdictTests {
    /// Labels drawn at a temperature that the hidden state tells.
    private static func corpus() throws -> DiagnosisCorpus {
        try DiagnosisCorpus(cold: 0.4, warm: 1.6, trajectories: 160)
    }

    private struct Run: Decodable {
        struct Standing: Decodable { var heads, constant: Double }

        var finding: String
        var standing: Standing?
        var yardstick: String
    }

    private struct Row: Decodable {
        var loss: Double
        var tokens: Int
        var run: Run
    }

    private struct Diagnosis: Decodable { var run: Run? }

    private struct Report: Decodable { var tokens: Int }

    /// A run on the corpus, with its summary.
    private func train(_ corpus: DiagnosisCorpus, _ settings: [String], in folder: URL) throws -> TrainingSummary {
        let standard = [
            "cache.folder=\"\(corpus.folder.path)\"", "training.folder=\"\(folder.path)\"", "training.steps=40",
            "training.trajectoriesPerStep=16", "training.microBatchTokens=1000", "training.learningRate=0.01",
            "training.validationFraction=0.3", "training.seed=3", "training.enhancedFeatures=false",
        ]
        let configuration = try RunConfiguration(json5: Data("{}".utf8), file: "test", overrides: standard + settings)
        let trainer = try configuration.trainer(cache: corpus.cache, folder: RunFolder(folder))
        guard case .finished(let summary) = try trainer.train(resuming: false) else {
            throw CocoaError(.userCancelled)
        }
        return summary
    }

    @Test(arguments: [
        (
            ["training.objective=released", "training.dynamicFineTuning=false", "training.easyTokenDrop=0"],
            Standing.Finding.better
        ),
        // Without easy tokens heads come to expect more mistakes than there are among all.
        (["training.objective=joint"], Standing.Finding.worse),
    ])
    func allProgramsSayWhatTheRunSaid(settings: [String], expected: Standing.Finding) throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder()
        let summary = try train(corpus, settings, in: folder.url), standing = try #require(summary.standing)
        let finding = try #require(summary.finding)
        #expect(finding == expected, "\(summary.verdict)")
        let rows = try JSONDecoder().decode([Row].self, from: Program.run(["runs", folder.url.path, "--json"]))
        let row = try #require(rows.first)
        let diagnose = ["diagnose", "--heads", folder.path("heads"), "--cache", corpus.folder.path]
        let diagnosis = try JSONDecoder().decode(Diagnosis.self, from: Program.run(diagnose + ["--json"]))
        for run in [row.run, try #require(diagnosis.run)] {
            #expect(run.finding == finding.rawValue && run.yardstick == summary.yardstick)
            // As many threads, and blocks as large: the same bits.
            #expect(run.standing?.heads == standing.heads && run.standing?.constant == standing.constant)
        }
        #expect(abs(row.loss / (summary.validationLoss ?? .nan) - 1) < 1e-12)
        let text = String(decoding: try Program.run(diagnose), as: UTF8.self)
        #expect(text.contains(summary.verdict))
        #expect(text.contains("weighed by their base probability") == settings.contains("training.objective=joint"))
    }

    @Test func heldOutTokensAreThoseThatTheRunHeldOut() throws {
        let corpus = try Self.corpus(), folder = try TemporaryFolder()
        _ = try train(corpus, ["training.steps=1"], in: folder.url)
        let loss = [
            "loss", "--heads", folder.path("heads"), "--cache", corpus.folder.path, "--trajectories", "validation",
            "--json",
        ]
        func tokens(_ split: TrajectorySplit) -> Int { corpus.cache.trajectories(.validation, of: split).tokens }
        func report(_ outcome: SpawnedProgram) throws -> Int {
            try JSONDecoder().decode(Report.self, from: outcome.output).tokens
        }
        let own = try Program.outcome(loss)
        #expect(try report(own) == tokens(TrajectorySplit(validationFraction: 0.3, seed: 3)))
        #expect(!own.errors.contains("warning"), "\(own.errors)")
        let asked = try Program.outcome(loss + ["--seed", "4"])
        #expect(try report(asked) == tokens(TrajectorySplit(validationFraction: 0.3, seed: 4)))
        #expect(asked.errors.contains("held-out ones were trained on"), "\(asked.errors)")
        // Beside no run.
        let copy = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: folder.path("heads"), toPath: copy.path("copy"))
        let unknown = try Program.outcome(["loss", "--heads", copy.path("copy")] + loss[3...])
        #expect(try report(unknown) == tokens(TrajectorySplit(validationFraction: 0.05, seed: 0)))
        #expect(unknown.errors.contains("not known which trajectories"), "\(unknown.errors)")
    }

    @Test func aFolderThatIsNoRunIsRefused() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.outcome(["runs", folder.url.path])
        #expect(outcome.status == 2 && outcome.errors.contains("config.json"), "\(outcome.errors)")
    }
}
