import Foundation
import MergedCheckpoint
import Safetensors
import Tensor
@testable import AutoDecoHeads

/// Tokens and heads of a golden file: `hidden` [N, D], `logits` [N, V], `labels` and `easy_token_draws` [N], and
/// parameters by their published names.
struct GoldenTokens<Element: Scalar & StoredScalar> {
    let file: SafetensorsFile
    let hidden: Tensor<Element>
    let logits: Tensor<Element>
    let labels: [Int]
    let draws: [Double]

    init(_ url: URL) throws {
        file = try SafetensorsFile(url: url)
        hidden = try Self.tensor("hidden", of: file)
        logits = try Self.tensor("logits", of: file)
        labels = try file.tensor("labels").values(as: Int.self)
        draws = try file.tensor("easy_token_draws").values(as: Double.self)
    }

    func tensor(_ name: String) throws -> Tensor<Element> { try Self.tensor(name, of: file) }

    private static func tensor(_ name: String, of file: SafetensorsFile) throws -> Tensor<Element> {
        let stored = try file.tensor(name)
        return Tensor(shape: stored.shape, try stored.values(as: Element.self))
    }

    /// - Parameter topPPrefix: what the names of the top-p head's parameters begin with.
    func heads(
        _ selection: HeadSelection = .both, enhancedFeatures: Bool,
        topPPrefix: String = MergedLayout.topPPrefix
    ) throws -> AutoDecoHeads<Element> {
        func head(_ prefix: String) throws -> HeadParameters<Tensor<Element>> {
            try HeadParameters<String>.names.map { try tensor("\(prefix).\($0)") }
        }
        let temperature = try head(MergedLayout.temperaturePrefix)
        return AutoDecoHeads(
            configuration: HeadsConfiguration(
                hiddenSize: hidden.columns, heads: selection, enhancedFeatures: enhancedFeatures,
                innerSize: temperature.firstWeight.rows),
            parameters: HeadsParameters(
                temperature: selection.hasTemperature ? temperature : nil,
                topP: selection.hasTopP ? try head(topPPrefix) : nil))
    }
}
