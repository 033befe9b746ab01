import AutoDecoHeads
import Recipes
import Foundation
import HiddenStateCache
import Tensor
import Testing
@testable import Training

@Suite struct RunTests {
    private func bytes(_ folder: URL) throws -> [String: Data] {
        let run = RunFolder(folder)
        return [
            "checkpoint": try Data(contentsOf: run.checkpoint),
            "heads": try Data(contentsOf: run.heads.appendingPathComponent("model.safetensors")),
            "config": try Data(contentsOf: run.heads.appendingPathComponent("config.json")),
        ]
    }

    @Test func theSameSeedGivesTheSameBytesTwiceWithOneAndTwoThreads() throws {
        let corpus = try Corpus()
        let runs = try [1, 1, 2, 2].map { threads in
            let folder = try TemporaryFolder()
            try Parallel.$threads.withValue(threads) { _ = try corpus.trainer(in: folder.url).finished() }
            return try bytes(folder.url)
        }
        #expect(runs.allSatisfy { $0 == runs[0] })
        let other = try TemporaryFolder()
        try corpus.trainer("training.seed=8", in: other.url).finished()
        #expect(try bytes(other.url)["heads"] != runs[0]["heads"])
    }

    @Test func aRunThatIsInterruptedAndResumedEndsInTheSameBytes() throws {
        let corpus = try Corpus(), whole = try TemporaryFolder(), cut = try TemporaryFolder()
        try corpus.trainer(in: whole.url).finished()
        for stop in [1, 4, 5, 9] {
            var last = 0
            let outcome = try corpus.trainer(in: cut.url).train(
                resuming: stop > 1, TrainingEvents(step: { last = $0.step }, isInterrupted: { last == stop }))
            guard case .interrupted(let step, _) = outcome else {
                Issue.record("the run was not interrupted at step \(stop)")
                return
            }
            #expect(step == stop)
        }
        try corpus.trainer(in: cut.url).finished(resuming: true)
        #expect(try bytes(cut.url) == bytes(whole.url))
    }

    /// What a kill leaves on disk is what is there at that moment: the folder is copied in the middle of a run, and
    /// resumed.
    @Test func aRunThatIsKilledAtAnyMomentEndsInTheSameBytes() throws {
        let corpus = try Corpus(), whole = try TemporaryFolder(), copies = try TemporaryFolder()
        func copy(_ name: String) {
            try? FileManager.default.copyItem(at: whole.url, to: copies.url.appendingPathComponent(name))
        }
        try corpus.trainer(in: whole.url).finished(
            TrainingEvents(step: { copy("step-\($0.step)") }, validation: { copy("validation-\($0.step)") }))
        let expected = try bytes(whole.url)
        let names = try FileManager.default.contentsOfDirectory(atPath: copies.url.path).sorted()
        #expect(names.count == 12 + 4)
        let resumed = ["step-1", "step-6", "step-12", "validation-0", "validation-4", "validation-8"]
        #expect(Set(names).isSuperset(of: resumed))
        for name in resumed {
            let folder = copies.url.appendingPathComponent(name), run = RunFolder(folder)
            // And a line that was cut off.
            let metrics = try Data(contentsOf: run.metrics) + Data("{\"kind\":\"step\",\"st".utf8)
            try metrics.write(to: run.metrics)
            try corpus.trainer(in: folder).finished(resuming: true)
            #expect(try bytes(folder) == expected, "\(name)")
            let lines = try String(contentsOf: run.metrics, encoding: .utf8).split(separator: "\n")
            #expect(
                lines.count { $0.contains("\"kind\":\"step\"") } == 12
                    && lines.count { $0.contains("\"kind\":\"validation\"") } == 4, "\(name)")
        }
    }

    @Test func aFinishedRunIsNotTrainedAgain() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        try corpus.trainer(in: folder.url).finished()
        let before = try bytes(folder.url)
        var steps = 0
        let summary = try corpus.trainer(in: folder.url).finished(
            resuming: true, TrainingEvents(step: { _ in steps += 1 }))
        #expect(steps == 0 && summary?.steps == 12)
        #expect(try bytes(folder.url) == before)
        #expect(message { try corpus.trainer(in: folder.url).finished() }?.contains("--resume") == true)
    }

    @Test func aDifferentConfigurationIsRefusedWithTheDifference() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        try corpus.trainer(in: folder.url).finished()
        let found = message {
            try corpus.trainer("training.learningRate=0.02;training.alpha=10", in: folder.url).finished(resuming: true)
        }
        #expect(
            found?.contains("training.alpha was 30 and is 10; training.learningRate was 0.01 and is 0.02") == true,
            "\(found ?? "")")
        // What changes no number may change.
        #expect(
            message { try corpus.trainer("training.checkpointEvery=2", in: folder.url).finished(resuming: true) } == nil
        )
        let other = try Corpus(seed: 2)
        #expect(
            message { try other.trainer(in: folder.url).finished(resuming: true) }?.contains(
                "the cache was another one") == true)
    }

    @Test func parametersThatAreNotFiniteStopTheRunWithStepAndCheckpoint() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        let found = message {
            try corpus.trainer(
                "training.learningRate=1e38;training.schedule=constant;"
                    + "training.validationEvery=100;training.checkpointEvery=1",
                in: folder.url
            )
            .finished()
        }
        #expect(found?.contains("after step 1 is not finite; the last good checkpoint is") == true, "\(found ?? "")")
        #expect(found?.contains(run.checkpoint.path) == true)
        // The one before it, whole.
        let again = message {
            try corpus.trainer(
                "training.learningRate=1e38;training.schedule=constant;training.validationEvery=100", in: folder.url
            ).finished(resuming: true)
        }
        #expect(again?.contains("after step 1 is not finite") == true)
    }

    @Test func aFolderThatCannotBeWrittenIsFoundBeforeTraining() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        try Data("x".utf8).write(to: folder.url.appendingPathComponent("file"))
        var steps = 0
        let found = message {
            try corpus.trainer(in: folder.url.appendingPathComponent("file/run")).finished(
                TrainingEvents(step: { _ in steps += 1 }))
        }
        #expect(found?.contains("the run's folder cannot be made") == true, "\(found ?? "")")
        #expect(steps == 0)
    }

    @Test func aDamagedCheckpointIsRefusedByName() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        try corpus.trainer(in: folder.url).finished()
        try Data(contentsOf: run.checkpoint).dropLast(100).write(to: run.checkpoint)
        #expect(
            message { try corpus.trainer(in: folder.url).finished(resuming: true) }?.contains("checkpoint.safetensors")
                == true)
    }

    @Test func aCacheWithoutTrajectoriesToTrainOrValidateOnIsRefused() throws {
        let corpus = try Corpus(trajectories: 2), folder = try TemporaryFolder()
        // However small the fraction, something is held out, and however large, something is left.
        for fraction in ["0.000001", "0.999999"] {
            #expect(
                message { _ = try corpus.trainer("training.validationFraction=\(fraction)", in: folder.url) } == nil)
        }
        let one = try Corpus(trajectories: 1)
        #expect(
            message { _ = try one.trainer("training.validationFraction=0.5", in: folder.url) }?
                .contains("none of 1 trajectory is held out") == true)
        #expect(
            try corpus.trainer("training.validationFraction=0", in: folder.url).finished()?.verdict.contains(
                "Nothing was held out") == true)
    }

    @Test(arguments: ["both", "temperature", "topP"]) func headsAreWrittenInThePublishedLayoutAndDoWhatTheyDid(
        heads: String
    ) throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        let trainer = try corpus.trainer("training.heads=\(heads)", in: folder.url), summary = try trainer.finished()
        let written = try AutoDecoHeads<Float>(folder: run.heads)
        #expect(written.configuration == trainer.headsConfiguration)
        var batch = corpus.cache.emptyBatch(as: Float.self)
        #expect(try trainer.validation.evaluate(written, batch: &batch).loss == summary?.validationLoss)
    }

    @Test func headsOfAProjectedCacheReadTheFullHiddenState() throws {
        let corpus = try Corpus(rank: 5), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        let summary = try corpus.trainer(in: folder.url).finished()
        let written = try AutoDecoHeads<Float>(folder: run.heads)
        #expect(written.configuration.hiddenSize == Corpus.D)
        // On the same tokens with their states whole they have the loss that they had on projected ones.
        let whole = try Corpus(), other = try TemporaryFolder(), trainer = try whole.trainer(in: other.url)
        var batch = whole.cache.emptyBatch(as: Float.self)
        let loss = try trainer.validation.evaluate(written, batch: &batch).loss
        #expect(
            abs(loss - (summary?.validationLoss ?? .infinity)) < 1e-5,
            "\(loss) and \(String(describing: summary?.validationLoss))")
    }

    @Test func theRunsFolderHoldsMetricsCurvesConfigurationAndReport() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        let summary = try corpus.trainer(in: folder.url).finished(TrainingEvents(texts: { $0.map { "<\($0)>" } }))
        let page = try String(contentsOf: run.report, encoding: .utf8)
        for part in [
            "Validation loss", "Temperature against entropy", "best constant pair", "One trajectory", "&lt;",
            "learningRate",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(page.contains(String(format: "%.5f", summary?.validationLoss ?? -1)))
        #expect(try FileManager.default.contentsOfDirectory(atPath: run.tensorBoard.path).count == 1)
        let resolved = try RunConfiguration(path: run.configuration.path)
        #expect(resolved.training.settings.learningRate == 0.01)
    }

    @Test func everyConfigurationThatTheProjectCarriesCanBeTrainedFrom() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent("configs").path)
            .filter { $0.hasSuffix(".json") }
        #expect(files.contains("paper.json") && files.count { $0.hasPrefix("ablations/") } == 7)
        for file in files where !file.contains("eval") && !file.contains("improve") {
            let configuration = try RunConfiguration(path: root.appendingPathComponent("configs/\(file)").path)
            #expect(configuration.training.folder != nil && configuration.cache.folder != nil, "\(file)")
        }
    }

    /// AdamW with betas 0.9 and 0.999, rate 5e-6 falling on a line, 32 trajectories of at most 16,384 tokens, 400
    /// steps.
    @Test func thePapersConfigurationIsWhatDefaultsSay() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let paper = try RunConfiguration(path: root.appendingPathComponent("configs/paper.json").path)
        let bare = try RunConfiguration(
            json5: Data("{ training: { folder: 'runs/paper/training' } }".utf8), file: "bare")
        #expect(
            RunIdentity(settings: paper.record.settings, cache: "").settings
                == RunIdentity(settings: bare.record.settings, cache: "").settings)
        #expect(bare.training.settings == TrainingSettings())
        let section = paper.training.settings
        #expect(
            section.adamW == AdamWSettings() && section.schedule == Schedule(decay: .linear, peak: 5e-6, steps: 400))
        #expect(section.trajectoriesPerStep == 32 && section.maxTokens == 16_384 && section.gradientClip == 1)
        #expect(section.loss == LossSettings() && section.heads == .both)
    }

    @Test func aTimedPlanCountsWhatWillBeRead() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), plan = try corpus.trainer(in: folder.url).timedPlan()
        #expect(plan.trainingTrajectories + plan.validationTrajectories == 60)
        #expect(plan.trainingTokens + plan.validationTokens == corpus.cache.tokens)
        #expect(plan.parameters == (12 + 1 + 1) * 256 + 1 + (12 + 5 + 1 + 1) * 256 + 1)
        #expect((plan.seconds ?? 0) > 0)
        #expect(
            !FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("checkpoint.safetensors").path))
    }
}
