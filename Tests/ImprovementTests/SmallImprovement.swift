import Foundation
import Recipes
import TestSupport

@testable import Improvement

/// Small rounds with the model that the project carries, in a folder of their own.
struct SmallImprovement {
    static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("data/countdown", isDirectory: true)

    let folder: TemporaryFolder
    var url: URL { folder.url.appendingPathComponent("improve", isDirectory: true) }

    init() throws {
        folder = try TemporaryFolder()
        for (name, count) in [("train", 10), ("validation", 2), ("test", 2)] {
            let lines = try String(contentsOf: Self.data.appendingPathComponent("\(name).jsonl"), encoding: .utf8)
                .split(separator: "\n").prefix(count).joined(separator: "\n")
            try Data(lines.utf8).write(to: folder.url.appendingPathComponent("\(name).jsonl"))
        }
    }

    func configuration(_ overrides: [String] = []) throws -> RunConfiguration {
        let path = { (name: String) in folder.url.appendingPathComponent(name).path }
        let settings = [
            "model.folder=\(Self.data.appendingPathComponent("model").path)", "task.train=\(path("train.jsonl"))",
            "task.validation=\(path("validation.jsonl"))", "task.test=\(path("test.jsonl"))",
            "improve.folder=\(url.path)", "improve.rounds=2", "improve.problems=6", "improve.samples=2",
            "improve.validationProblems=2", "improve.patience=9", "collect.maxTokens=90", "collect.batch=16",
            "collect.block=3", "collect.keep=2", "training.steps=4", "training.trajectoriesPerStep=4",
            "training.learningRate=0.003", "training.easyTokenDrop=0", "training.dynamicFineTuning=false",
            "training.validationFraction=0", "training.validationEvery=3", "training.checkpointEvery=2",
            "cache.shardTokens=300", "evaluation.seeds=2", "evaluation.samples=1", "evaluation.tuningSamples=2",
            "evaluation.filterSamples=2", "evaluation.curveSamples=2", "evaluation.maxTokens=60",
            "evaluation.batch=16", "evaluation.temperatures=[0.5]", "evaluation.topPs=[0.9]",
        ]
        return try RunConfiguration(json5: Data("{}".utf8), file: "test.json", overrides: settings + overrides)
    }

    @discardableResult
    func run(
        _ overrides: [String] = [], onEvent: @escaping (Improver.Event) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> ImprovementResults {
        try Improver(configuration(overrides).improvementInputs()).run(onEvent: onEvent, isCancelled: isCancelled)
    }

    /// The bytes of the files that a run leaves, without those that hold a clock or name the folder.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: url.path)
        where !name.contains("tensorboard") && !name.hasSuffix("metrics.jsonl")
            && !name.hasSuffix("training/report.html") && !name.hasSuffix("training/config.json")
        {
            files[name] = FileManager.default.contents(atPath: url.appendingPathComponent(name).path)
        }
        return files
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appendingPathComponent(path).path)
    }
}
