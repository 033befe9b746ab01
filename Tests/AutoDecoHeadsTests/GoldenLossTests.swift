import Autodiff
import Foundation
import Goldens
import LogitSketches
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

/// Losses and every gradient as the released implementation computes them in float64, where those files are at hand.
@Suite struct GoldenLossTests {
    static let folder = "losses"
    static let files = ["peaked", "plain-features", "small", "wide-vocab"].map { "\($0).safetensors" }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"))
    func noGoldenIsLeftOut() throws { #expect(try Goldens.names(outside: Self.folder) == Self.files) }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"), arguments: files)
    func lossesAndGradientsEqualTheReleasedOnes(name: String) throws {
        let tokens = try GoldenTokens<Double>(Goldens.outside("\(Self.folder)/\(name)")), labels = tokens.labels,
            hidden = tokens.hidden
        let heads = try tokens.heads(enhancedFeatures: tokens.file.contains("prob_stats"))
        let rows = try SortedRows(logits: tokens.logits, labels: labels)

        let tape = Tape<Double>(), parameters = heads.parameters.map { tape.parameter($0) }, settings = LossSettings()
        let (T, P) = heads.predict(hidden: hidden, logits: rows, parameters: parameters, tape: tape)
        let kept = easyTokenMask(
            labelRanks: rows.labelRanks, draws: tokens.draws, dropRate: settings.easyTokenDropRate)
        let terms = ObjectiveTerms(
            logits: rows, temperature: T, topP: P, kept: kept,
            counts: TokenCounts(tokens: labels.count, kept: kept.count { $0 }),
            settings: settings, tape: tape)
        let joint = rows.losses(temperature: T.value, topP: P.value, constants: settings.constants)

        func expect(_ what: String, _ got: Tensor<Double>, _ name: String, _ tolerance: Double) throws {
            let expected = try tokens.tensor(name)
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
