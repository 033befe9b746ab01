import AutoDecoHeads
import Foundation
import LogitSketches
import Safetensors
import Tensor
import Terminal

private let outputFlag = Flag.string("output", "FILE", "receives temperature [N] and top_p [N]").required()
private let requiredInput = inputFlag.required()

/// `autodeco-inspect predict`: T̂ and P̂ that heads give for hidden states and logits.
let predictCommand = Command(
    "predict", "Predicts temperature and top-p from hidden states and logits.",
    flags: [headsFlag, requiredInput, outputFlag, precisionFlag]
) { arguments, console in
    func predict<Element: Scalar & StoredScalar>(_: Element.Type) throws {
        let heads = try AutoDecoHeads<Element>(folder: folder(arguments[headsFlag]))
        let input = try TokenInput<Element>(path: arguments[requiredInput], hiddenSize: heads.configuration.hiddenSize)
        let (temperature, topP) = heads.predict(hidden: input.hidden, logits: try input.unlabelledRows())
        try SafetensorsWriter.write(
            [
                NewTensor("temperature", [input.count], temperature.elements, as: Element.elementType),
                NewTensor("top_p", [input.count], topP.elements, as: Element.elementType),
            ], to: arguments[outputFlag])
    }
    if arguments[precisionFlag] == "double" { try predict(Double.self) } else { try predict(Float.self) }
}

extension TokenInput {
    /// The logits for features alone. A label plays no part in them, so each row is given its own arg max.
    func unlabelledRows() throws -> SortedRows<Element> {
        let V = logits.columns
        let labels = logits.withUnsafeBufferPointer { l in
            (0..<count).map { row in (0..<V).reduce(0) { l[row * V + $1] > l[row * V + $0] ? $1 : $0 } }
        }
        return try prepared { try SortedRows(logits: $0, labels: labels) }
    }
}

extension Scalar where Self: StoredScalar {
    /// The file type that holds this scalar.
    static var elementType: ElementType { Self.self == Double.self ? .f64 : .f32 }
}
