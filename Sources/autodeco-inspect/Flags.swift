import Foundation
import Terminal

// Flags that several subcommands share.

let jsonFlag = Flag.switch("json", "print one JSON object")
let headsFlag = Flag.string("heads", "DIR", "folder of the heads: model.safetensors and config.json").required()
let inputFlag = Flag.string("input", "FILE", "safetensors file with hidden [N, D] and logits [N, V]")
let precisionFlag = Flag.choice("precision", ["float", "double"], "what to compute in").default("float")

/// A mistake in what the user gave, in one sentence.
struct InputError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func folder(_ path: String) -> URL { URL(fileURLWithPath: path, isDirectory: true) }
