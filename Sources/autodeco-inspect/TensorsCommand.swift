import Foundation
import GGUF
import Safetensors
import Terminal

private let tensorsFlag = Flag.string("input", "FILE", "GGUF or safetensors file").required()
private let outputFlag = Flag.string("output", "FILE", "receives every tensor as F32").required()

/// `autodeco-inspect tensors`: every tensor of a file in numbers that every reader knows.
let tensorsCommand = Command(
    "tensors", "Writes every tensor of a GGUF or safetensors file as F32.", flags: [tensorsFlag, outputFlag]
) { arguments, console in
    let path = arguments[tensorsFlag]
    let source: any TensorSource = try GGUFFile.isOne(at: path) ? GGUFParts(path: path) : SafetensorsFile(path: path)
    for entry in source.entries where !entry.type.isConvertible && entry.type.blockSize == 1 {
        throw InputError(
            "\(path): tensor \(entry.name) has the type \(entry.type.rawValue), expected one that converts to F32")
    }
    let writer = try SafetensorsWriter(
        path: arguments[outputFlag], tensors: source.entries.map { TensorDeclaration($0.name, .f32, $0.shape) })
    let progress = console.progress("tensors", of: source.entries.count)
    for entry in source.entries {
        guard let tensor = source.find(entry.name) else { continue }
        try writer.append(tensor.dequantized(), to: entry.name)
        tensor.file.releasePages()
        progress.advance(by: 1)
    }
    progress.finish()
    try writer.finish()
}
