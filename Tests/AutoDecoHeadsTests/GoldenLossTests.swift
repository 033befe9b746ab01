import Autodiff
import Foundation
import LogitSketches
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

/// Losses and every gradient as the released implementation computes them in float64, where those files are at hand.
@Suite struct GoldenLossTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/goldens/losses")
    static let files =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".safetensors") }
            .sorted()) ?? []

    @Test(.enabled(if: !files.isEmpty, "../shared/goldens/losses is not there"), arguments: files)
    func lossesAndGradientsEqualTheReleasedOnes(name: String) throws {
        let file = try SafetensorsFile(path: Self.folder.appendingPathComponent(name).path)
        func tensor(_ name: String) throws -> Tensor<Double> {
            let stored = try file.tensor(name)
            return Tensor(shape: stored.shape, try stored.values(as: Double.self))
        }
        func head(_ prefix: String) throws -> HeadParameters<Tensor<Double>> {
            let names = HeadParameters<String>.names
            return HeadParameters(
                firstWeight: try tensor("\(prefix).\(names.firstWeight)"),
                firstBias: try tensor("\(prefix).\(names.firstBias)"),
                secondWeight: try tensor("\(prefix).\(names.secondWeight)"),
                secondBias: try tensor("\(prefix).\(names.secondBias)"))
        }
        let hidden = try tensor("hidden"), labels = try file.tensor("labels").values(as: Int.self)
        let heads = AutoDecoHeads<Double>(
            configuration: HeadsConfiguration(
                hiddenSize: hidden.columns, enhancedFeatures: file.contains("prob_stats")),
            parameters: HeadsParameters(temperature: try head("temp_head"), topP: try head("top_p_head")))
        let rows = try SortedRows(logits: tensor("logits"), labels: labels)

        let tape = Tape<Double>(), parameters = heads.parameters.map { tape.parameter($0) }, settings = LossSettings()
        let (T, P) = heads.predict(hidden: hidden, logits: rows, parameters: parameters, tape: tape)
        let kept = easyTokenMask(
            labelRanks: rows.labelRanks, draws: try tensor("easy_token_draws").elements,
            dropRate: settings.easyTokenDropRate)
        let terms = ObjectiveTerms(
            logits: rows, temperature: T, topP: P, kept: kept,
            counts: TokenCounts(tokens: labels.count, kept: kept.count { $0 }),
            settings: settings, tape: tape)
        let joint = rows.losses(temperature: T.value, topP: P.value, constants: settings.constants)

        func expect(_ what: String, _ got: Tensor<Double>, _ name: String, _ tolerance: Double) throws {
            let expected = try tensor(name)
            var worst = Worst()
            for i in 0..<expected.count { worst.note(got[i], expected[i], "\(what) \(i)") }
            #expect(got.count == expected.count && worst.error <= tolerance, "\(worst.place)")
        }
        try expect("temperature", T.value, "temperature", 1e-9)
        try expect("top-p", P.value, "top_p", 1e-9)
        if heads.configuration.enhancedFeatures {
            try expect("feature", rows.features(temperature: T.value), "prob_stats", 1e-9)
        }
        try expect("temperature loss", terms.temperature.value, "temp_loss", 1e-9)
        try expect("top-p loss", terms.topP.value, "top_p_loss", 1e-9)
        try expect("joint loss", joint.joint, "joint.token_loss", 1e-9)
        try expect("joint dT", joint.jointByTemperature, "joint.d_temperature", 1e-8)
        try expect("joint dP", joint.jointByTopP, "joint.d_top_p", 1e-8)
        for (loss, variable) in [("temp_loss", terms.temperature), ("top_p_loss", terms.topP)] {
            let gradients = tape.gradients(of: variable)
            for (name, parameter) in parameters.named {
                try expect("\(loss) by \(name)", gradients[parameter], "grad.\(loss).\(name)", 1e-8)
            }
        }
    }
}
