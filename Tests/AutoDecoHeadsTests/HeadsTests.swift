import Autodiff
import Foundation
import LogitSketches
import Safetensors
import Tensor
import Testing
@testable import AutoDecoHeads

private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "heads-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

private func heads(_ configuration: HeadsConfiguration, seed: UInt64 = 1) -> AutoDecoHeads<Float> {
    var random = RandomGenerator(seed: seed)
    return AutoDecoHeads(configuration: configuration, random: &random)
}

/// A config.json of heads with these values as they stand in JSON.
private func configText(hiddenSize: String, temperature: String, topP: String, features: String) -> String {
    #"{"hidden_size": \#(hiddenSize), "enable_temperature_head": \#(temperature), "#
        + #""enable_top_p_head": \#(topP), "use_enhanced_features": \#(features)}"#
}

@Suite struct HeadsTests {
    @Test func freshHeadsAreUniformWithinOneOverTheRootOfTheirInputs() {
        let parameters = heads(HeadsConfiguration(hiddenSize: 400)).parameters
        for (name, inputs) in [
            ("temp_head.mlp.0.weight", 400), ("temp_head.mlp.0.bias", 400), ("temp_head.mlp.2.weight", 256),
            ("top_p_head.mlp.0.weight", 405),
        ] {
            guard let value = parameters.named.first(where: { $0.name == name })?.value else {
                Issue.record("\(name) is missing")
                continue
            }
            let bound = 1 / Double(inputs).squareRoot(), variance = (value * value).sum() / Double(value.count)
            #expect(value.elements.allSatisfy { abs(Double($0)) <= bound })
            // A uniform number in ±b has variance b²/3; within five standard errors.
            #expect(abs(variance / (bound * bound / 3) - 1) < 5 * (0.8 / Double(value.count)).squareRoot(), "\(name)")
        }
    }

    @Test func predictionsFollowTheEquations() throws {
        var random = RandomGenerator(seed: 2)
        let configuration = HeadsConfiguration(hiddenSize: 3, innerSize: 4),
            heads = AutoDecoHeads<Double>(configuration: configuration, random: &random)
        let h = Tensor<Double>(shape: [2, 3], (0..<6).map { _ in random.normal() })
        let rows = try SortedRows(
            logits: Tensor<Double>(shape: [2, 9], (0..<18).map { _ in random.normal() }), labels: [0, 1])
        let (T, P) = heads.predict(hidden: h, logits: rows)
        guard let t = heads.parameters.temperature, let p = heads.parameters.topP else {
            Issue.record("a head is missing")
            return
        }
        func head(_ x: [Double], _ head: HeadParameters<Tensor<Double>>) -> Double {
            let inner = (0..<4).map { i in
                max(0, x.indices.reduce(head.firstBias[i]) { $0 + head.firstWeight[i, $1] * x[$1] })
            }
            return 1 / (1 + exp(-(0..<4).reduce(head.secondBias[0]) { $0 + head.secondWeight[0, $1] * inner[$1] }))
        }
        let features = rows.features(temperature: T)
        for row in 0..<2 {
            let x = (0..<3).map { h[row, $0] }
            #expect(abs(T[row] - 2 * head(x, t)) < 1e-14)
            #expect(abs(P[row] - head(x + [T[row]] + (0..<4).map { features[row, $0] }, p)) < 1e-14)
        }
    }

    @Test func headsOfAnotherModelAreRefused() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let original = heads(HeadsConfiguration(hiddenSize: 12))
        try original.write(
            to: folder, origin: HeadsOrigin(baseModel: "tiny", backboneConfiguration: Data(#"{"vocab_size": 99}"#.utf8))
        )
        #expect(try AutoDecoHeads<Float>(folder: folder, hiddenSize: 12, vocabularySize: 99) == original)
        func refusal(_ D: Int, _ V: Int) -> String {
            do {
                let heads = try AutoDecoHeads<Float>(folder: folder, hiddenSize: D, vocabularySize: V)
                return "none for \(heads.configuration)"
            } catch { return "\(error)" }
        }
        #expect(refusal(13, 99).contains("the heads read hidden states of size 12, the model's have 13"))
        #expect(refusal(12, 98).contains("a vocabulary of 99 tokens, found one of 98"))
        // Nothing says which vocabulary they were fitted to.
        try original.write(to: folder, origin: HeadsOrigin(baseModel: "tiny"))
        #expect(try AutoDecoHeads<Float>(folder: folder, hiddenSize: 12, vocabularySize: 98) == original)
    }

    /// What transformers runs lies beside the heads, as data/serving has it now.
    @Test func headsFolderHoldsTheFilesOfCustomGenerate() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try heads(HeadsConfiguration(hiddenSize: 12)).write(to: folder, origin: HeadsOrigin(baseModel: "tiny"))
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        for name in ["generate.py", "requirements.txt"] {
            let written = try Data(contentsOf: folder.appendingPathComponent("custom_generate/\(name)"))
            let source = package.appendingPathComponent("data/serving/transformers/\(name)")
            #expect(try written.count > 10 && written == Data(contentsOf: source))
        }
    }

    @Test(arguments: HeadSelection.allCases, [true, false])
    func headsComeBackFromDiskBitForBit(selection: HeadSelection, features: Bool) throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = HeadsConfiguration(hiddenSize: 12, heads: selection, enhancedFeatures: features),
            original = heads(configuration)
        let origin = HeadsOrigin(
            baseModel: "models/tiny",
            backboneConfiguration: Data(#"{"model_type": "llama", "hidden_size": 12, "vocab_size": 99}"#.utf8))
        try original.write(to: folder, origin: origin)
        #expect(try AutoDecoHeads<Float>(folder: folder) == original)
        let names = try SafetensorsFile(path: folder.appendingPathComponent("model.safetensors").path).names
        #expect(
            names.contains { $0.hasPrefix("temp_head.") } == selection.hasTemperature
                && names.contains { $0.hasPrefix("top_p_head.") } == selection.hasTopP)

        let config =
            try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appendingPathComponent("config.json")))
            as? [String: Any]
        #expect(config?["model_type"] as? String == "autodeco" && config?["base_model_type"] as? String == "llama")
        #expect(
            config?["architectures"] as? [String] == ["AutoDecoModelForCausalLM"]
                && config?["base_model_name_or_path"] as? String == "models/tiny")
        #expect(
            config?["vocab_size"] as? Int == 99 && config?["temperature_hidden_size"] as? Int == 12
                && config?["top_p_hidden_size"] as? Int == 12)
        #expect(
            config?["enable_temperature_head"] as? Bool == selection.hasTemperature
                && config?["enable_top_p_head"] as? Bool == selection.hasTopP)
    }

    /// A head that is left out is the constant 1, and the released objective keeps the other's term.
    @Test func aMissingHeadIsTheConstantOne() throws {
        var random = RandomGenerator(seed: 3)
        let h = Tensor<Float>(shape: [4, 6], (0..<24).map { _ in Float(random.normal()) })
        let rows = try SortedRows(
            logits: Tensor<Float>(shape: [4, 20], (0..<80).map { _ in Float(random.normal()) }), labels: [0, 1, 2, 3])
        let ones = Tensor<Float>(shape: [4, 1], repeating: 1)
        #expect(
            heads(HeadsConfiguration(hiddenSize: 6, heads: .topP)).predict(hidden: h, logits: rows).temperature == ones)
        #expect(
            heads(HeadsConfiguration(hiddenSize: 6, heads: .temperature)).predict(hidden: h, logits: rows).topP == ones)
        let tape = Tape<Float>(), T = tape.parameter(ones * 0.8), P = tape.parameter(ones * 0.7)
        let terms = ObjectiveTerms(
            logits: rows, temperature: T, topP: P, kept: [true, true, true, true],
            counts: TokenCounts(tokens: 4, kept: 4), settings: LossSettings(), tape: tape)
        #expect(terms.total(.released, heads: .temperature).value == terms.temperature.value)
        #expect(terms.total(.released, heads: .topP).value == terms.topP.value)
        #expect(terms.total(.released, heads: .both).value == (terms.temperature.value + terms.topP.value))
        #expect(terms.total(.joint, heads: .topP).value == terms.joint.value)
    }

    @Test(arguments: [
        ("{\"hidden_size\": 12}", "enable_temperature_head is missing, expected true or false"),
        (
            configText(hiddenSize: #""12""#, temperature: "true", topP: "true", features: "true"),
            "hidden_size has the wrong type, expected a whole number from 1 to 16777216"
        ),
        (
            configText(hiddenSize: "12", temperature: "1", topP: "true", features: "true"),
            "enable_temperature_head has the wrong type, expected true or false"
        ),
        (
            configText(hiddenSize: "0", temperature: "true", topP: "true", features: "true"),
            "hidden_size is 0"
        ),
        (
            configText(hiddenSize: "9223372036854775807", temperature: "true", topP: "true", features: "true"),
            "hidden_size is 9223372036854775807, expected a whole number from 1 to 16777216"
        ),
        (
            configText(hiddenSize: "12", temperature: "false", topP: "false", features: "true"),
            "both false"
        ),
        (
            configText(hiddenSize: "13", temperature: "true", topP: "true", features: "true"),
            "[256, 12]"
        ),
        (
            configText(hiddenSize: "12", temperature: "true", topP: "true", features: "false"),
            "[256, 17]"
        ),
        ("[1]", "is not a JSON object"), ("{", "is not valid JSON"),
    ])
    func aConfigThatDoesNotFitIsRefusedInOneSentence(config: String, message: String) throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try heads(HeadsConfiguration(hiddenSize: 12)).write(to: folder, origin: HeadsOrigin(baseModel: "tiny"))
        try Data(config.utf8).write(to: folder.appendingPathComponent("config.json"))
        do {
            _ = try AutoDecoHeads<Float>(folder: folder)
            Issue.record("read in spite of \(config)")
        } catch {
            #expect("\(error)".contains(message) && "\(error)".contains(folder.lastPathComponent), "\(error)")
        }
    }

    @Test func aMissingHeadsFolderIsNamed() {
        let error = #expect(throws: HeadsFileError.self) {
            try AutoDecoHeads<Float>(folder: URL(fileURLWithPath: "no/such/heads"))
        }
        #expect(error?.description.contains("no/such/heads/config.json") == true)
    }
}

@Suite struct ObjectiveTests {
    @Test func easyTokensAreDroppedWhereTheirDrawIsBelowTheRate() {
        #expect(
            easyTokenMask(labelRanks: [0, 0, 1, 0], draws: [0.59, 0.6, 0.1, 0.99], dropRate: 0.6) == [
                false, true, true, true,
            ])
        #expect(easyTokenMask(labelRanks: [0, 0], draws: [0, 0.5], dropRate: 0) == [true, true])
    }

    /// Means divide by counts: kept tokens for joint and temperature, all tokens for the released top-p loss.
    @Test func meansDivideByTheCountsOfTheWholeStep() throws {
        var random = RandomGenerator(seed: 4)
        let logits = Tensor<Double>(shape: [3, 11], (0..<33).map { _ in 2 * random.normal() }), labels = [1, 5, 9]
        let rows = try SortedRows(logits: logits, labels: labels), ones = Tensor<Double>(shape: [3, 1], repeating: 1)
        let T = ones * 0.8, P = ones * 0.7, losses = rows.losses(temperature: T, topP: P, constants: LossConstants())
        let p = logits.softmax(), w = labels.enumerated().map { p[$0, $1] }
        for i in 0..<3 { #expect(abs(rows.baseProbabilities[i] - w[i]) < 1e-14) }
        for weighted in [true, false] {
            var settings = LossSettings()
            settings.dynamicFineTuning = weighted
            let tape = Tape<Double>()
            let terms = ObjectiveTerms(
                logits: rows, temperature: tape.parameter(T), topP: tape.parameter(P), kept: [true, false, true],
                counts: TokenCounts(tokens: 10, kept: 7), settings: settings, tape: tape)
            let weight = weighted ? w : [1, 1, 1]
            #expect(
                abs(
                    terms.temperature.value[0] - (weight[0] * losses.temperature[0] + weight[2] * losses.temperature[2])
                        / 7) < 1e-14)
            #expect(abs(terms.joint.value[0] - (weight[0] * losses.joint[0] + weight[2] * losses.joint[2]) / 7) < 1e-14)
            #expect(abs(terms.topP.value[0] - (0..<3).reduce(0) { $0 + weight[$1] * losses.topP[$1] } / 10) < 1e-14)
        }
    }

    @Test func aStepWithoutKeptTokensHasLossZero() throws {
        let rows = try SortedRows(logits: Tensor<Float>(shape: [1, 3], [3, 2, 1]), labels: [0])
        let tape = Tape<Float>(), T = tape.parameter(Tensor(shape: [1, 1], [0.5])),
            P = tape.parameter(Tensor(shape: [1, 1], [0.5]))
        let terms = ObjectiveTerms(
            logits: rows, temperature: T, topP: P, kept: [false], counts: TokenCounts(tokens: 1, kept: 0),
            settings: LossSettings(), tape: tape)
        #expect(terms.joint.value[0] == 0 && tape.gradients(of: terms.joint)[T][0] == 0)
    }

    /// The bits of losses and gradients do not depend on the number of threads.
    @Test func lossesHaveTheSameBitsWithAnyNumberOfThreads() throws {
        var random = RandomGenerator(seed: 5)
        let N = 200, D = 24, V = 300
        let logits = Tensor<Float>(shape: [N, V], (0..<N * V).map { _ in Float(2 * random.normal()) }),
            labels = (0..<N).map { $0 }
        let hidden = Tensor<Float>(shape: [N, D], (0..<N * D).map { _ in Float(random.normal()) })
        let sketches = try LogitSketches(logits: logits, labels: labels, shape: SketchShape(exact: 8, bins: 8))
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: D), random: &random)
        func run(_ threads: Int) -> [[Float]] {
            Parallel.$threads.withValue(threads) {
                let tape = Tape<Float>(), parameters = heads.parameters.map { tape.parameter($0) }
                let (T, P) = heads.predict(hidden: hidden, logits: sketches, parameters: parameters, tape: tape)
                let terms = ObjectiveTerms(
                    logits: sketches, temperature: T, topP: P, kept: Array(repeating: true, count: N),
                    counts: TokenCounts(tokens: N, kept: N),
                    settings: LossSettings(), tape: tape)
                let gradients = tape.gradients(of: terms.joint)
                return parameters.named.map { gradients[$0.value].elements } + [terms.joint.value.elements]
            }
        }
        let one = run(1)
        #expect(run(2) == one && run(3) == one)
    }
}
