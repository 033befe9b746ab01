import Backbone
import Foundation
import Safetensors
import Tensor
import Terminal

private let modelFlag = Flag.string(
    "model", "DIR", "backbone: a folder with config.json and the checkpoint, or a GGUF file"
).required()
private let idsFlag = Flag.string("input", "FILE", "safetensors file with input_ids [B, L]").required()
private let outputFlag = Flag.string("output", "FILE", "receives hidden [B, L, D] and logits [B, L, V]").required()
private let productsFlag = Flag.choice("precision", ["float", "bf16"], "of the model's matrix products").default(
    "float")

/// `autodeco-inspect hidden`: a teacher-forced forward pass, one sequence at a time so that memory stays bounded.
let hiddenCommand = Command(
    "hidden", "Runs a backbone teacher-forced and writes its hidden states and logits.",
    flags: [modelFlag, idsFlag, outputFlag, productsFlag]
) { arguments, console in
    let ids = try SafetensorsFile(path: arguments[idsFlag]).require(
        "input_ids", shape: [nil, nil], types: [.i64, .i32])
    let sequences = ids.shape[0], length = ids.shape[1], values = try ids.values(as: Int.self)
    let model = try Transformer(
        directory: folder(arguments[modelFlag]),
        precision: ProductPrecision.Choice(rawValue: arguments[productsFlag]) ?? .float)
    for warning in model.warnings { console.warning(warning) }
    let D = model.configuration.hiddenSize, V = model.configuration.vocabularySize

    let writer = try SafetensorsWriter(
        path: arguments[outputFlag],
        tensors: [
            TensorDeclaration("hidden", .f32, [sequences, length, D]),
            TensorDeclaration("logits", .f32, [sequences, length, V]),
        ])
    var hidden: [Tensor<Float>] = []
    let progress = console.progress("hidden states", of: sequences)
    for sequence in 0..<sequences {
        let states = try model.hidden([Array(values[sequence * length..<(sequence + 1) * length])])
        try writer.append(states.elements, to: "hidden")
        hidden.append(states)
        progress.advance(by: 1)
    }
    progress.finish()
    for states in hidden { try writer.append(model.logits(states).elements, to: "logits") }
    try writer.finish()
}
