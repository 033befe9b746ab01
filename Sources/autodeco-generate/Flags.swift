import Backbone
import Decoding
import Generation
import Terminal

/// Everything that the command line can say.
enum Flags {
    static let model = Flag.string("model", "DIR", "language model: its folder, with tokenizer.json, or a GGUF file")
        .required()
    static let precision = Flag.choice(
        "precision", ProductPrecision.Choice.allCases.map(\.rawValue),
        "of the model's matrix products; auto if not given"
    )
    static let heads = Flag.string("heads", "DIR", "folder of AutoDeco heads, which choose temperature and top-p")
    static let anyModel = Flag.switch("any-model", "take heads that were fitted to another model of the same sizes")
    static let prompt = Flag.string("prompt", "TEXT", "the prompt")
    static let promptFile = Flag.string("prompt-file", "FILE", "the prompt is this file, without its last line break")
    static let template = Flag.string(
        "prompt-template", "TEXT",
        "a text with {prompt}, or one of \(PromptTemplate.presetNames.joined(separator: ", "))")
    static let samples = Flag.integer(
        "samples", "N", in: 1...1_000_000, "completions, decoded together and printed one after another"
    ).default(1)
    static let width = Flag.integer(
        "width", "N", in: 1...65_536, "completions that are decoded at once, at most"
    ).default(16)
    static let seed = Flag.seed("seed", "N", "of the random numbers").default(0)
    static let maxTokens = Flag.integer("max-tokens", "N", in: 1...1_000_000_000, "the longest completion")
        .default(2048)
    static let stop = Flag.string("stop", "TEXT", "a text before which the completion ends").repeated()
    static let temperature = Flag.number("temperature", "T", "static temperature, 1 where nothing chooses it")
    static let topP = Flag.number("top-p", "P", "draw from the likeliest tokens that together have this probability")
    static let topK = Flag.integer("top-k", "K", in: 1...16_777_216, "draw from the K likeliest tokens")
    static let minP = Flag.number("min-p", "P", "draw from tokens at least this share as likely as the likeliest")
    static let filter = Flag.choice(
        "filter", NucleusFilter.allCases.map(\.rawValue), "what top-p means, static or predicted; hard if not given")
    static let greedy = Flag.switch("greedy", "always take the likeliest token")
    static let color = Flag.switch("color", "shade each token by its predicted temperature, on a terminal")
    static let trace = Flag.string("trace", "FILE", "receives one JSON line a token, in the order of decoding")
    static let json = Flag.switch("json", "print one JSON object")

    static let all: [any DeclaredFlag] = [
        model, precision, heads, anyModel, prompt, promptFile, template, samples, width, seed, maxTokens, stop,
        temperature, topP,
        topK,
        minP, filter,
        greedy, color, trace, json,
    ]
}
