import Autodiff
import Foundation
import Goldens
import LogitSketches
import MergedCheckpoint
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import AutoDecoHeads

/// Every objective and every gradient under every setting, as data/scripts/make_loss_goldens.py computes them with
/// PyTorch in float64 from the equations.
@Suite struct SettingGoldenTests {
    /// What of a run changes its losses.
    struct Setting {
        var selection: HeadSelection
        var enhancedFeatures: Bool
        var detachesTemperature: Bool
        var dynamicFineTuning: Bool
        var masksEasyTokens: Bool

        var loss: LossSettings {
            var settings = LossSettings()
            settings.dynamicFineTuning = dynamicFineTuning
            settings.detachesTemperature = detachesTemperature
            if !masksEasyTokens { settings.easyTokenDropRate = 0 }
            return settings
        }

        /// Its name in the files.
        var name: String {
            let flags = [
                ("features", enhancedFeatures), ("attached", !detachesTemperature), ("reweighted", dynamicFineTuning),
                ("masked", masksEasyTokens),
            ]
            return ([selection.rawValue] + flags.filter(\.1).map(\.0)).joined(separator: "-")
        }

        /// All that differ: features are the top-p head's, and T̂ can only be detached from where both heads are.
        static let all: [Setting] = HeadSelection.allCases.flatMap { selection in
            (selection.hasTopP ? [true, false] : [false]).flatMap { features in
                (selection == .both ? [true, false] : [true]).flatMap { detaches in
                    [true, false].flatMap { reweights in
                        [true, false].map { masks in
                            Setting(
                                selection: selection, enhancedFeatures: features, detachesTemperature: detaches,
                                dynamicFineTuning: reweights, masksEasyTokens: masks)
                        }
                    }
                }
            }
        }
    }

    static let files = ["few", "one", "wide"]

    /// Both sides compute in float64. What is left is another order of summation: 300 terms of 1e-16, times slopes of a
    /// few hundred where T̂ lies below 1e-2. The smallest constant of the equations, ε = 1e-9, is 100 times larger.
    @Test(arguments: files)
    func everySettingEqualsPyTorchInDouble(file: String) throws { try hold(file, as: Double.self, tolerance: 1e-11) }

    /// Float has 6e-8 a rounding. T̂ comes from a product, a sigmoid and a division, and a loss multiplies its error by
    /// its slope: some ten here, and 250 for the token at T̂ = 0.004. On another processor sums have other orders.
    @Test(arguments: files)
    func everySettingEqualsPyTorchInFloat(file: String) throws { try hold(file, as: Float.self, tolerance: 5e-5) }

    private func hold<Element: Scalar & StoredScalar>(_ name: String, as _: Element.Type, tolerance: Double) throws {
        let tokens = try GoldenTokens<Element>(Goldens.own("losses/\(name).safetensors"))
        let rows = try SortedRows(logits: tokens.logits, labels: tokens.labels)
        // More logits than there are tokens in a row: nothing is summarised.
        let sketches = try LogitSketches(
            logits: tokens.logits, labels: tokens.labels, shape: SketchShape(exact: 512, bins: 8))
        var worst = Worst()
        var held: Set<String> = []
        for setting in Setting.all {
            let prefix = (setting.enhancedFeatures ? "" : "plain.") + MergedLayout.topPPrefix
            let heads = try tokens.heads(
                setting.selection, enhancedFeatures: setting.enhancedFeatures, topPPrefix: prefix)
            // Rewards are not among the published losses.
            for objective in Objective.allCases where objective != .reward {
                let title = "\(setting.name).\(objective.rawValue)"
                held.insert("\(title).loss")
                let loss = try tokens.file.require("\(title).loss", shape: [1]).values(as: Double.self)[0]
                let gradient = try tokens.file.tensor("\(title).gradient").values(as: Double.self)
                for isFused in [true, false] {
                    let found =
                        isFused
                        ? losses(heads, setting.loss, objective, tokens, logits: sketches, isFused: true)
                        : losses(heads, setting.loss, objective, tokens, logits: rows, isFused: false)
                    let way = "\(title), \(isFused ? "as training does it" : "composed")"
                    worst.note(found.loss, loss, "\(way), loss")
                    #expect(found.gradient.count == gradient.count, "\(way)")
                    // Differences count relative to the largest derivative of all.
                    let scale = gradient.reduce(0) { max($0, abs($1)) }
                    let unit = scale > 0 ? scale : 1
                    for (one, other) in zip(found.gradient, gradient) {
                        worst.note(one.value / unit, other / unit, "\(way), by \(one.place)")
                    }
                }
            }
        }
        print("\(name) in \(Element.self): \(worst.error) at \(worst.place)")
        #expect(worst.error <= tolerance, "\(name) in \(Element.self), \(worst.place)")
        #expect(held == Set(tokens.file.names.filter { $0.hasSuffix(".loss") }))
    }

    private struct Found {
        var loss: Double
        var gradient: [(value: Double, place: String)]
    }

    private func losses<Element>(
        _ heads: AutoDecoHeads<Element>, _ settings: LossSettings, _ objective: Objective,
        _ tokens: GoldenTokens<Element>,
        logits: some TokenLogits<Element>, isFused: Bool
    ) -> Found {
        let tape = Tape<Element>()
        let parameters = heads.parameters.map { tape.parameter($0) }
        let kept = easyTokenMask(
            labelRanks: logits.labelRanks, draws: tokens.draws, dropRate: settings.easyTokenDropRate)
        let (T, P) =
            isFused
            ? heads.predict(
                hidden: tokens.hidden, logits: logits, parameters: parameters,
                detachesTemperature: settings.detachesTemperature, tape: tape)
            : heads.referencePrediction(
                hidden: tape.constant(tokens.hidden), logits: logits, parameters: parameters,
                detachesTemperature: settings.detachesTemperature, tape: tape)
        let terms = ObjectiveTerms(
            logits: logits, temperature: T, topP: P, kept: kept,
            counts: TokenCounts(tokens: logits.count, kept: kept.count { $0 }), settings: settings, tape: tape)
        let total = terms.total(objective, heads: heads.configuration.heads)
        let gradients = tape.gradients(of: total)
        return Found(
            loss: Double(total.value[0]),
            gradient: parameters.named.flatMap { name, parameter in
                gradients[parameter].elements.enumerated().map { (Double($1), "\(name) \($0)") }
            })
    }
}
