import Backbone
import Foundation
import HiddenStateCache
import Recipes
import Scoring
import TestSupport
import Testing

@testable import Evaluation

/// An evaluation holds out what the run that made the heads held out.
@Suite struct HeadsRunInputsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The inputs of an evaluation whose own configuration says seed 1, fraction 0.05 and Dynamic Fine-Tuning.
    private func inputs(_ overrides: String...) throws -> EvaluationInputs {
        let data = EmbeddedEvaluation.data
        let settings = [
            "model.folder=\(EmbeddedEvaluation.modelFolder.path)", "task.verifier=countdown",
            "task.test=\(data.appendingPathComponent("test.jsonl").path)", "evaluation.problems=2",
            "evaluation.folder=\(folder("evaluation"))", "evaluation.heads=\(folder("run/heads"))", "training.seed=1",
        ]
        return try RunConfiguration(json5: Data("{}".utf8), file: "own.json", overrides: settings + overrides)
            .evaluationInputs()
    }

    /// What a run leaves beside its heads.
    private func writeRun() throws {
        let run = try RunConfiguration(
            json5: Data("{}".utf8), file: "run.json",
            overrides: ["training.seed=9", "training.validationFraction=0.2", "training.dynamicFineTuning=false"])
        try FileManager.default.createDirectory(atPath: folder("run/heads"), withIntermediateDirectories: true)
        try JSONEncoder().encode(run.json).write(to: URL(fileURLWithPath: folder("run/config.json")))
    }

    @Test func theSplitAndTheWeightsAreThoseOfTheRunThatMadeTheHeads() throws {
        try writeRun()
        let corpus = try DiagnosisCorpus(cold: 1, warm: 1, trajectories: 20)
        let inputs = try inputs("cache.folder=\(corpus.folder.path)")
        #expect(inputs.split == TrajectorySplit(validationFraction: 0.2, seed: 9) && !inputs.isWeighted)
        let notes = inputs.notes.joined(separator: "\n")
        #expect(notes.contains("seed 9, fraction 0.2 in place of seed 1, fraction 0.05"), "\(notes)")
        // There is no checkpoint that says on which cache it was, and the cache knows no problems.
        #expect(notes.contains("checkpoint is not beside") && notes.contains(HiddenStateCache.unknownProblems))
    }

    @Test func whereTheRunIsNotKnownTheConfigurationsSplitIsUsedAndThatIsSaid() throws {
        let corpus = try DiagnosisCorpus(cold: 1, warm: 1, trajectories: 20)
        let inputs = try inputs("cache.folder=\(corpus.folder.path)")
        #expect(inputs.split == TrajectorySplit(validationFraction: 0.05, seed: 1) && inputs.isWeighted)
        #expect(inputs.notes.contains { $0.contains("not known which trajectories") && $0.contains("own.json") })
    }

    /// What cannot be diagnosed is said, and the evaluation goes on.
    @Test func tooFewTrajectoriesForADiagnosisEndNothing() throws {
        let model = try ModelConfiguration(directory: EmbeddedEvaluation.modelFolder)
        let synthetic = try SyntheticCache(
            CacheDescription(
                modelName: "synthetic", modelPath: "", hiddenSize: model.hiddenSize,
                vocabularySize: model.vocabularySize),
            trajectories: 4, length: 8)
        let evaluation = try EmbeddedEvaluation(), heads = try evaluation.writeHeads("run", seed: 1)
        let plan = try evaluation.plan(
            heads: heads, "cache.folder=\(synthetic.cache.folder.path)", "training.validationFraction=0.5",
            "evaluation.problems=1", "evaluation.commandProblems=0", "evaluation.generations=0")
        let results = try EmbeddedEvaluation.run(plan).results
        #expect(results.diagnosis == nil)
        #expect(results.notes.contains { $0.hasPrefix("No diagnosis:") && $0.contains("2 trajectories leave 1") })
    }
}
