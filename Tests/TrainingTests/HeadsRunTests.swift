import Foundation
import HiddenStateCache
import Recipes
import Safetensors
import Testing

@testable import Training

/// What can be told of the run that heads come from, and what is said where it cannot.
@Suite struct HeadsRunTests {
    private func trained(_ corpus: Corpus, _ settings: String = "", in folder: TemporaryFolder) throws -> HeadsRun {
        try corpus.trainer("training.steps=1;\(settings)", in: folder.url).finished()
        return HeadsRun(heads: RunFolder(folder.url).heads)
    }

    @Test func headsOfARunTellItsSplitAndItsYardstick() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let run = try trained(corpus, "training.objective=released;training.dynamicFineTuning=false", in: folder)
        let split = TrajectorySplit(validationFraction: 0.3, seed: 3)
        #expect(run.split == split && run.obstacle == nil)
        #expect(run.loss?.words == "released objective, without Dynamic Fine-Tuning")
        #expect(run.note(beside: split, of: "here") == nil && run.note(on: corpus.cache) == nil)
    }

    @Test func anotherSplitThanTheRunsIsSaid() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = try trained(corpus, in: folder)
        let other = TrajectorySplit(validationFraction: 0.3, seed: 4)
        let own = run.note(beside: other, of: "the file")
        let asked = run.note(beside: other, of: "the file", using: .asked)
        #expect(own?.contains("seed 3, fraction 0.3 in place of seed 4, fraction 0.3") == true, "\(own ?? "nothing")")
        #expect(own?.hasSuffix("the run's own is used.") == true)
        #expect(asked?.hasSuffix("held-out ones were trained on.") == true)
    }

    @Test func headsWithoutTheirRunAreSaidToBeUnknown() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), other = try TemporaryFolder()
        _ = try trained(corpus, in: folder)
        let copy = other.url.appendingPathComponent("heads")
        try FileManager.default.copyItem(at: RunFolder(folder.url).heads, to: copy)
        let split = TrajectorySplit(validationFraction: 0.05, seed: 0)
        func note() -> String { HeadsRun(heads: copy).note(beside: split, of: "the file") ?? "nothing" }
        #expect(note().contains("not known which trajectories") && note().contains("seed 0, fraction 0.05"))
        // A file of that name is not yet a run's.
        let file = other.url.appendingPathComponent("config.json")
        try Data("{}".utf8).write(to: file)
        #expect(HeadsRun(heads: copy).settings == nil && note().contains("has no section training"))
        try Data("{\"hidden_size\": 12}".utf8).write(to: file)
        #expect(HeadsRun(heads: copy).settings == nil && note().contains("hidden_size"))
    }

    @Test func aCacheThatTheRunWasNotTrainedOnIsSaid() throws {
        let corpus = try Corpus(), other = try Corpus(seed: 2), folder = try TemporaryFolder()
        let run = try trained(corpus, in: folder)
        #expect(run.note(on: other.cache)?.contains("trained on another cache") == true)
        try FileManager.default.removeItem(at: RunFolder(folder.url).checkpoint)
        #expect(run.note(on: corpus.cache)?.contains("checkpoint is not beside") == true)
    }

    /// Problems decide what is held out, so that a cache which learns them is another one.
    @Test func aCacheThatLearnsItsProblemsIsAnotherOne() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = try trained(corpus, in: folder)
        let problems = (0..<60).map { Int32($0 / 2) }
        try SafetensorsWriter.write(
            [NewTensor("problem", [60], problems, as: .i32)],
            to: corpus.folder.url.appendingPathComponent("trajectories.safetensors").path)
        let cache = try HiddenStateCache(folder: corpus.folder.url)
        #expect(run.note(on: cache)?.contains("trained on another cache") == true)
        let resumed = message {
            let configuration = try corpus.configuration("training.steps=1")
            let trainer = try configuration.trainer(cache: cache, folder: RunFolder(folder.url))
            try trainer.finished(resuming: true)
        }
        #expect(resumed?.contains("the cache was another one") == true, "\(resumed ?? "nothing was thrown")")
    }

    @Test func aRunOnACacheWithoutProblemsSaysSo() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), second = try TemporaryFolder()
        var notes: [String] = []
        try corpus.trainer("training.steps=1", in: folder.url).finished(TrainingEvents(note: { notes.append($0) }))
        #expect(notes.contains { $0.contains(HiddenStateCache.unknownProblems) })
        notes = []
        let nothing = "training.steps=1;training.validationFraction=0"
        try corpus.trainer(nothing, in: second.url).finished(TrainingEvents(note: { notes.append($0) }))
        #expect(notes.isEmpty)
    }
}
