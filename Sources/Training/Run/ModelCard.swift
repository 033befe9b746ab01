import Foundation
import HiddenStateCache
import Scoring

/// The heads' README.md, as hubs expect it: what they belong to, what the run found, how each engine decodes with them.
struct ModelCard {
    /// What the run found.
    let summary: TrainingSummary
    /// The backbone's name or path, and what the heads were fitted to.
    let baseModel: String
    let objective: String
    let tokens: Int

    static let fileName = "README.md"

    /// Front matter, then the page, in Markdown.
    var text: String {
        [
            frontMatter,
            """
            # AutoDeco heads for \(Self.escaped(baseModel))

            Two small networks that read the frozen model's last hidden state and predict, for every token, the
            temperature T̂ and the top-p P̂ with which it is drawn
            ([The End of Manual Decoding](https://arxiv.org/abs/2510.26697)). The model itself is untouched.
            """,
            findings, usage, Self.limits,
        ].joined(separator: "\n\n") + "\n"
    }

    /// The license is left to whoever publishes.
    private var frontMatter: String {
        let isHubName = baseModel.wholeMatch(of: /[A-Za-z0-9][\w.\-]*\/[\w.\-]+/) != nil
        let base = isHubName ? "base_model: \(baseModel)" : "# base_model: owner/name of the model on the hub"
        return """
            ---
            # license: yours to choose
            library_name: transformers
            pipeline_tag: text-generation
            \(base)
            tags:
            - autodeco
            - custom_generate
            ---
            """
    }

    /// The verdict in words, and the figures that it rests on.
    private var findings: String {
        func row(_ name: String, _ loss: Double?) -> String? {
            loss.map { String(format: "| %@ | %.5f |", name, $0) }
        }
        func pair(_ name: String, _ pair: ConstantPair) -> String {
            String(format: "%@, T = %.2f, P = %.2f", name, pair.temperature, pair.topP)
        }
        let rows = [
            row("these heads", summary.validationLoss),
            summary.yardsticks.flatMap { row(pair("best constant pair", $0.bestConstant), $0.bestConstant.loss) },
            summary.yardsticks.flatMap { row(pair("default sampling", $0.defaultSampling), $0.defaultSampling.loss) },
        ].compactMap { $0 }
        var parts = ["## What the run found", summary.verdict]
        if !rows.isEmpty {
            parts.append(
                (["| held-out loss (\(summary.yardstick)) | a token |", "|---|---|"] + rows).joined(separator: "\n"))
        }
        var sentence =
            "Objective `\(objective)`, \(summary.steps) steps, \(tokens) tokens"
            + (summary.bestStep.map { "; the heads of step \($0) are kept" } ?? "") + "."
        if let temperature = summary.meanTemperature, let topP = summary.meanTopP {
            sentence += String(
                format: " Over the held-out tokens T̂ is %.2f and P̂ %.2f on average; single tokens differ.",
                temperature, topP)
        }
        return (parts + [sentence]).joined(separator: "\n\n")
    }

    private var usage: String {
        """
        ## How to use them

        `HEADS` is this folder, or the name of its repository; `MODEL` the model that they belong to.

        transformers, 4.57 and later (`custom_generate/` lies beside this file):

        ```python
        model.generate(**inputs, custom_generate=HEADS, trust_remote_code=True, autodeco_heads=HEADS)
        ```

        vLLM, with the plugin of the toolkit's folder data/serving/vllm:

        ```python
        LLM(
            model=MODEL,
            hf_overrides={"architectures": ["AutoDecoForCausalLM"], "autodeco_heads": HEADS})
        ```

        The toolkit:

            autodeco-generate --model MODEL --heads HEADS --prompt "…"
        """
    }

    private static let limits = """
        ## Limits

        The heads belong to the model above and to texts like those that they were fitted to; another model's hidden
        states, a fine-tuned or a coarsely quantised copy's, mean something else to them. A lower loss is no better
        text: measure pass@1 beside the best constant pair with `autodeco-eval`. They replace temperature and top-p
        alone. Training is soft, the usual filter is hard; the engines offer both.
        """

    /// A name that Markdown shows as it is.
    private static func escaped(_ name: String) -> String {
        "`" + name.replacing("`", with: "'").replacing("\n", with: " ") + "`"
    }
}
