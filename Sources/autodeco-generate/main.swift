import Backbone
import Foundation
import Generation
import Tensor
import Terminal
import Tokenizers

// Completes a prompt, with heads or with knobs set by hand, and shows each token as it comes.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

Command(
    "autodeco-generate", "Completes a prompt, with AutoDeco heads or with knobs set by hand.", flags: Flags.all
) { arguments, console in
    let options = try Options(arguments)
    let folder = URL(fileURLWithPath: options.model, isDirectory: true)
    let model = try Transformer(
        directory: folder, precision: options.precision, acceptsAnyHeads: arguments[Flags.anyModel])
    for warning in model.warnings { console.warning(warning) }
    let tokenizer = try Tokenizer(model: folder)
    try model.requireFit(tokenizer, in: options.model)
    let policy = try options.decoder.policy(for: model.configuration)
    let promptIDs = try tokenizer.promptIDs(options.prompt(), template: options.template)
    try model.requireFit(prompt: promptIDs, "the prompt")

    let engine = GenerationEngine(
        model: model, policy: policy, seed: options.seed, width: options.width,
        endTokens: model.endTokens(with: tokenizer))
    let request = GenerationRequest(promptIDs: promptIDs, samples: options.samples, maxTokens: options.maxTokens)
    let trace = try options.trace.map { try TraceFile(path: $0, namesSamples: options.samples > 1) }
    let shading = options.shades ? Shading.ofTerminal(console) : nil
    // Made once: the sets that all of them share are large.
    let fresh = CompletionText(tokenizer, stops: options.stops, endTokens: engine.endTokens)
    var texts = Array(repeating: fresh, count: options.samples)
    var printer = SamplePrinter(console: console, samples: options.samples, shading: shading)
    var clock = TokenClock()

    Interruption.watch()
    let completions = try engine.generate([request]) { index, decision in
        clock.tick()
        let text = try texts[index.sample].append(decision)
        try trace?.write(decision, text: text, sample: index.sample)
        if !options.json { try printer.show(&texts[index.sample], of: index.sample) }
        return !texts[index.sample].isStopped
    } onFinish: { completion in
        texts[completion.index.sample].finish()
        if !options.json { try printer.finish(&texts, completion.index.sample) }
    } isCancelled: {
        Interruption.isRequested
    }[0]

    for sample in completions.indices where completions[sample].finish == .interrupted { texts[sample].finish() }
    try trace?.commit()
    if options.json {
        try console.print(json: Report(promptTokens: promptIDs.count, completions: completions, texts: texts))
    } else {
        try printer.end(&texts)
    }
    console.note(clock.summary)
    if completions.contains(where: { $0.finish == .interrupted }) { throw Interrupted() }
    if let broken = completions.first(where: { $0.failure != nil }), let failure = broken.failure {
        let place = "token \(broken.decisions.count + 1) of sample \(broken.index.sample + 1)"
        throw InputError("\(place) cannot be drawn: \(failure)")
    }
}.main(kernels: BLASKernels.summary)
