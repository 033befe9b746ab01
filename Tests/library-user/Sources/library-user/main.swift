import AutoDecoHeads
import Decoding
import Foundation
import Tensor

// Loads heads, and decodes one token a row from hidden states and logits that are there already.

guard CommandLine.arguments.count == 2 else { fatalError("usage: library-user HEADS") }
let heads = try AutoDecoHeads<Float>(folder: URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true))
let policy = HeadsPolicy(heads: heads, filter: .hard)

let hidden = Tensor<Float>(shape: [2, 4], [0.5, -1, 2, 0.25, -2, 1, 0, 0.75])
let logits = Tensor<Float>(shape: [2, 5], [4, 1, 0.5, -3, 2, -1, 0, 6, 1, 1])
var random = [RandomGenerator(seed: 1), RandomGenerator(seed: 2)]

for decision in try policy.choose(hidden: hidden, logits: logits, random: &random) {
    let knobs = String(format: "T %.3f, P %.3f", decision.temperature, decision.topP)
    print("token \(decision.token) of \(decision.nucleusSize), \(knobs)")
}
