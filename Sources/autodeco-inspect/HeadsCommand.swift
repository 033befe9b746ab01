import AutoDecoHeads
import Foundation
import Tensor
import Terminal

private let headsFolder = Positional.required("DIR", "folder of the heads")

/// `autodeco-inspect heads DIR`: a summary of heads on disk.
let headsCommand = Command(
    "heads", "Summarises heads on disk.", flags: [jsonFlag], positionals: [headsFolder]
) { arguments, console in
    let heads = try AutoDecoHeads<Float>(folder: folder(arguments[headsFolder]))
    let summary = HeadsSummary(heads)
    try arguments[jsonFlag] ? console.print(json: summary) : console.print(summary.text)
}

private struct HeadsSummary: Encodable {
    struct Parameter: Encodable {
        var shape: [Int]
        var rootMeanSquare: Double
        var largest: Double
    }

    var hiddenSize: Int
    var temperatureHead: Bool
    var topPHead: Bool
    var enhancedFeatures: Bool
    var parameterCount: Int
    var parameters: [String: Parameter]
    private let order: [String]

    enum CodingKeys: String, CodingKey {
        case hiddenSize = "hidden_size"
        case temperatureHead = "enable_temperature_head"
        case topPHead = "enable_top_p_head"
        case enhancedFeatures = "use_enhanced_features"
        case parameterCount = "parameter_count"
        case parameters
    }

    init(_ heads: AutoDecoHeads<Float>) {
        hiddenSize = heads.configuration.hiddenSize
        temperatureHead = heads.configuration.heads.hasTemperature
        topPHead = heads.configuration.heads.hasTopP
        enhancedFeatures = heads.configuration.enhancedFeatures
        let named = heads.parameters.named
        order = named.map(\.name)
        parameterCount = named.reduce(0) { $0 + $1.value.count }
        parameters = Dictionary(
            uniqueKeysWithValues: named.map { name, value in
                let squares = (value * value).sum() / Double(max(value.count, 1))
                return (
                    name,
                    Parameter(
                        shape: value.shape, rootMeanSquare: squares.squareRoot(),
                        largest: value.elements.map { Double(abs($0)) }.max() ?? 0)
                )
            })
    }

    var text: String {
        let heads = [temperatureHead ? "temperature" : nil, topPHead ? "top-p" : nil].compactMap { $0 }.joined(
            separator: " and ")
        let width = order.map(\.count).max() ?? 0
        let rows = order.compactMap { name in
            parameters[name].map {
                "  \(name.padding(toLength: width, withPad: " ", startingAt: 0))  "
                    + $0.shape.map(String.init).joined(separator: " × ")
                    .padding(toLength: 12, withPad: " ", startingAt: 0)
                    + String(format: "  rms %.4f  largest %.4f", $0.rootMeanSquare, $0.largest)
            }
        }
        return """
            \(heads) for hidden states of \(hiddenSize), \(enhancedFeatures ? "with" : "without") features of the \
            distribution, \(Readable.count(parameterCount)) parameters
            \(rows.joined(separator: "\n"))
            """
    }
}
