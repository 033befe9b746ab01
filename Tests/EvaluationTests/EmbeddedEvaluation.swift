import AutoDecoHeads
import Backbone
import Recipes
import Foundation
import Tasks
import Tensor
import TestSupport
import Trajectories

@testable import Evaluation

/// Small evaluations with the model that the project carries, in a folder of their own.
struct EmbeddedEvaluation {
    static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("data/countdown", isDirectory: true)
    static let modelFolder = data.appendingPathComponent("model", isDirectory: true)

    let folder: TemporaryFolder
    var runs: URL { folder.url.appendingPathComponent("evaluation/runs") }

    init() throws {
        folder = try TemporaryFolder()
        let problems = try String(contentsOf: Self.data.appendingPathComponent("validation.jsonl"), encoding: .utf8)
        try Data(problems.split(separator: "\n").prefix(6).joined(separator: "\n").utf8).write(to: validation)
    }

    private var validation: URL { folder.url.appendingPathComponent("validation.jsonl") }

    /// Random heads for the model: they have opinions, if not good ones.
    func writeHeads(_ name: String, seed: UInt64) throws -> String {
        var random = RandomGenerator(seed: seed)
        let D = try ModelConfiguration(directory: Self.modelFolder).hiddenSize
        let url = folder.url.appendingPathComponent("\(name)/heads", isDirectory: true)
        try AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: D), random: &random).write(
            to: url, origin: HeadsOrigin(baseModel: "countdown"))
        return url.path
    }

    /// - Parameter heads: a folder; nil measures static decoding alone.
    func plan(heads: String? = nil, _ overrides: String...) throws -> EvaluationPlan {
        try plan(heads: heads, overrides: overrides)
    }

    func plan(heads: String?, overrides: [String]) throws -> EvaluationPlan {
        var settings = [
            "model.folder": Self.modelFolder.path, "task.test": Self.data.appendingPathComponent("test.jsonl").path,
            "task.validation": validation.path, "task.verifier": "countdown",
            "evaluation.folder": folder.url.appendingPathComponent("evaluation").path, "evaluation.problems": "5",
            "evaluation.seeds": "2",
            "evaluation.samples": "1", "evaluation.tuningSamples": "2", "evaluation.filterSamples": "2",
            "evaluation.curveSamples": "4",
            "evaluation.commandProblems": "3", "evaluation.generations": "2", "evaluation.maxTokens": "60",
            "evaluation.batch": "16",
            "evaluation.temperatures": "[0.5, 1]", "evaluation.topPs": "[0.8, 1]",
            // Without a grid, which has tests of its own.
            "evaluation.gridTemperatures": "[]",
        ]
        if let heads { settings["evaluation.heads"] = heads }
        let configuration = try RunConfiguration(
            json5: Data("{}".utf8), file: "test.json",
            overrides: settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + overrides)
        return try EvaluationPlan(configuration)
    }

    /// - Returns: the results, and how many completions were sampled for them.
    static func run(_ plan: EvaluationPlan) throws -> (results: EvaluationResults, sampled: Int) {
        var sampled = 0
        let results = try Evaluator(plan).run { if case .completed(let count) = $0 { sampled += count } }
        return (results, sampled)
    }
}

extension EvaluationResults {
    /// Without what differs from run to run and folder to folder.
    var lasting: EvaluationResults {
        var lasting = self
        lasting.configuration = ""
        for row in lasting.rows.indices { lasting.rows[row].tokensPerSecond = nil }
        return lasting
    }
}
