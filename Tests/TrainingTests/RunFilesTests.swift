import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Scoring
import Testing

@testable import Training

/// What a run leaves in its folder, and what it does with what it finds there.
@Suite struct RunFilesTests {
    /// A byte that is not UTF-8, in the line of the third step.
    @Test func aBadByteInMetricsLosesItsLineAlone() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        var last = 0
        _ = try corpus.trainer(in: folder.url).train(
            resuming: false, TrainingEvents(step: { last = $0.step }, isInterrupted: { last == 6 }))
        var lines = try Data(contentsOf: run.metrics).split(separator: UInt8(ascii: "\n")).map { Data($0) }
        // Before training a validation, then steps; one more validation after step 4.
        #expect(lines.count == 8)
        lines[3][lines[3].startIndex + 10] = 0xFF
        try Data(lines.map { $0 + Data("\n".utf8) }.joined()).write(to: run.metrics)
        try corpus.trainer(in: folder.url).finished(resuming: true)
        let after = try Data(contentsOf: run.metrics).split(separator: UInt8(ascii: "\n")).map { Data($0) }
        #expect(after.prefix(7) == (lines[..<3] + lines[4...])[...])
        // Six more steps, and validations after steps 8 and 12.
        #expect(after.count == 7 + 6 + 2)
    }

    @Test func curvesOfAnEarlierRunAreSetAside() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        func files(_ name: String) -> [String: Data] {
            let place = folder.url.appendingPathComponent(name)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
            return Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, FileManager.default.contents(atPath: place.appendingPathComponent($0).path) ?? Data())
                })
        }
        try corpus.trainer("training.steps=2", in: folder.url).finished()
        let first = files("tensorboard")
        #expect(first.count == 1)
        try FileManager.default.removeItem(at: run.checkpoint)
        try corpus.trainer("training.steps=3", in: folder.url).finished()
        let second = files("tensorboard")
        #expect(files("tensorboard-1") == first && second.count == 1 && second != first)
        try FileManager.default.removeItem(at: run.checkpoint)
        try corpus.trainer("training.steps=1", in: folder.url).finished()
        #expect(files("tensorboard-1") == first && files("tensorboard-2") == second)
    }

    @Test func headsHaveACardWithTheRunsFigures() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        let summary = try #require(try corpus.trainer(in: folder.url).finished())
        let card = try String(contentsOf: run.heads.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(card.hasPrefix("---\n# license: yours to choose\nlibrary_name: transformers\n"))
        #expect(card.contains("\ntags:\n- autodeco\n- custom_generate\n---\n"))
        let loss = try #require(summary.validationLoss), best = try #require(summary.yardsticks).bestConstant
        #expect(card.contains(String(format: "| these heads | %.5f |", loss)))
        #expect(
            card.contains(
                String(
                    format: "| best constant pair, T = %.2f, P = %.2f | %.5f |", best.temperature, best.topP, best.loss)
            ))
        #expect(card.contains(summary.verdict) && card.contains("\(summary.steps) steps"))
        for engine in ["model.generate(**inputs, custom_generate=HEADS", "model=MODEL,", "autodeco-generate"] {
            #expect(card.contains(engine))
        }
    }

    @Test(arguments: [
        ("owner/tiny-1.5B", "base_model: owner/tiny-1.5B\n"), ("/data/tiny", "# base_model: owner/name"),
        ("a/b/c", "# base_model: owner/name"), ("tiny\nlicense: mit", "# base_model: owner/name"),
    ])
    func cardNamesABaseModelThatAHubCanHave(name: String, line: String) throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let summary = try #require(try corpus.trainer("training.steps=1", in: folder.url).finished())
        let text = ModelCard(summary: summary, baseModel: name, objective: "joint", tokens: 1).text
        let front = try #require(text.split(separator: "---\n").first)
        #expect(front.contains(line) && !front.contains("\nlicense"))
    }

    @Test func theCardsAreThoseOfTheHeadsThatAreKept() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        // A rate that soon does harm, so that the kept heads are not the last ones.
        let trainer = try corpus.trainer(
            "training.learningRate=0.3;training.schedule=constant;training.steps=20;training.validationEvery=1",
            in: folder.url)
        var steps: [StepRecord] = []
        let summary = try #require(try trainer.finished(TrainingEvents(step: { steps.append($0) })))
        let held = corpus.cache.trajectories(.validation, of: trainer.settings.split)
        let kept = try MeanKnobs(of: AutoDecoHeads(folder: run.heads), on: corpus.cache, over: held)
        #expect(summary.meanTemperature == kept.temperature && summary.meanTopP == kept.topP)
        #expect(summary.uncertain == kept.uncertain)
        let words = try #require(summary.temperatureWords), uncertain = try #require(kept.uncertain)
        #expect(words.hasPrefix("Mean T̂ on held-out tokens is \(String(format: "%.3f", kept.temperature)), "))
        #expect(words.contains("\(String(format: "%.3f", uncertain.temperature)) at the "))
        let last = try #require(steps.last), page = try String(contentsOf: run.report, encoding: .utf8)
        func card(_ value: Double) -> String { String(format: "%.3f", value) }
        #expect(abs(last.meanTemperature - kept.temperature) > 0.01)
        let step = try #require(summary.bestStep)
        #expect(page.contains("T̂ at uncertain tokens") && page.contains(card(uncertain.temperature)))
        #expect(page.contains(card(kept.temperature)) && page.contains(card(kept.topP)))
        #expect(page.contains("on held-out tokens, after step \(step)") && page.contains("after step \(step)"))
    }

    /// Cards that stand side by side are means over the same tokens.
    @Test func theConstantsBesideTheValidationLossAreMeasuredOnTheSameTokens() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder()
        let trainer = try corpus.trainer("training.steps=1", in: folder.url)
        let summary = try #require(try trainer.finished()), yardsticks = try #require(summary.yardsticks)
        for pair in [yardsticks.defaultSampling, yardsticks.bestConstant] {
            let found = try trainer.validation.heldOut.loss(
                ofTemperature: pair.temperature, topP: pair.topP, by: trainer.validation.loss)
            #expect(pair.loss == found.mean && found.tokens.reduce(0, +) == trainer.plan.validationTokens)
        }
        // The pair itself is still that of the half that chooses.
        let chosen = try trainer.validation.yardsticks().bestConstant
        #expect(chosen.temperature == yardsticks.bestConstant.temperature)
        #expect(chosen.topP == yardsticks.bestConstant.topP)
        #expect(chosen.loss != yardsticks.bestConstant.loss)
    }

    @Test func aCheckpointWithANumberThatIsNotFiniteIsRefusedByItsTensor() throws {
        let corpus = try Corpus(), folder = try TemporaryFolder(), run = RunFolder(folder.url)
        var last = 0
        _ = try corpus.trainer(in: folder.url).train(
            resuming: false, TrainingEvents(step: { last = $0.step }, isInterrupted: { last == 1 }))
        let file = try SafetensorsFile(path: run.checkpoint.path), broken = "adamw.second_moment.top_p_head.mlp.0.bias"
        let tensors = try file.names.map { name in
            var values = try file.tensor(name).values(as: Float.self)
            if name == broken { values[2] = .infinity }
            return NewTensor(name, try file.tensor(name).shape, values)
        }
        try SafetensorsWriter.write(tensors, metadata: file.metadata, to: run.checkpoint.path)
        let found = message { try corpus.trainer(in: folder.url).finished(resuming: true) }
        #expect(found?.contains("\(broken) holds inf as element 2") == true, "\(found ?? "nothing was thrown")")
    }
}
