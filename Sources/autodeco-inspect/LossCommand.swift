import AutoDecoHeads
import Autodiff
import Foundation
import Safetensors
import Tensor
import Terminal

private let requiredInput = inputFlag.required()
private let sketchFlag = Flag.integerPair("sketch", "K,B", "send the logits through a sketch of K logits and B bins")
private let gradientsFlag = Flag.string("gradients", "FILE", "receives the gradient of each loss by each parameter")
private let tokensFlag = Flag.string("tokens", "FILE", "receives each token's joint loss and its derivatives, without weights and masking")

/// `autodeco-inspect loss`: the losses of heads on labelled tokens, with Dynamic Fine-Tuning's weights.
let lossCommand = Command(
    "loss", "Computes the losses of heads, and their gradients.",
    flags: [headsFlag, requiredInput, sketchFlag, gradientsFlag, tokensFlag, precisionFlag, jsonFlag]
) { arguments, console in
    func run<Element: Scalar & StoredScalar>(_: Element.Type) throws -> LossReport {
        let heads = try AutoDecoHeads<Element>(folder: folder(arguments[headsFlag]))
        let input = try TokenInput<Element>(path: arguments[requiredInput], hiddenSize: heads.configuration.hiddenSize)
        let labels = try input.labels()
        func report(_ logits: some TokenLogits<Element>) throws -> LossReport {
            let losses = HeadsLosses(heads: heads, hidden: input.hidden, logits: logits, draws: try input.easyTokenDraws())
            if let path = arguments[gradientsFlag] { try losses.writeGradients(to: path) }
            if let path = arguments[tokensFlag] { try losses.writeTokens(to: path) }
            return losses.report
        }
        if let sketch = arguments[sketchFlag] {
            guard sketch.first >= 5, sketch.second >= 1 else {
                throw InputError("--sketch is \(sketch), expected at least 5 logits and 1 bin")
            }
            let shape = SketchShape(exact: sketch.first, bins: sketch.second)
            return try report(input.prepared { try LogitSketches(logits: $0, labels: labels, shape: shape) })
        }
        return try report(input.prepared { try SortedRows(logits: $0, labels: labels) })
    }
    let report = try arguments[precisionFlag] == "double" ? run(Double.self) : run(Float.self)
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

/// What `loss` prints.
struct LossReport: Encodable {
    struct Released: Encodable {
        var tempLoss: Double
        var topPLoss: Double

        enum CodingKeys: String, CodingKey {
            case tempLoss = "temp_loss"
            case topPLoss = "top_p_loss"
        }
    }

    var released: Released
    var joint: Double
    var tokens: Int
    var kept: Int

    var text: String {
        """
        tokens                     \(Readable.count(tokens)), \(Readable.count(kept)) kept
        released temperature loss  \(released.tempLoss)
        released top-p loss        \(released.topPLoss)
        joint loss                 \(joint)
        """
    }
}

/// The three losses of heads on a set of tokens, on one tape.
struct HeadsLosses<Element: Scalar & StoredScalar> {
    private let tape = Tape<Element>()
    private let parameters: HeadsParameters<Variable<Element>>
    private let terms: ObjectiveTerms<Element>
    private let tokenLosses: TokenLosses<Element>
    private let counts: TokenCounts

    /// - Parameter draws: for easy-token masking; without them nothing is dropped.
    init(heads: AutoDecoHeads<Element>, hidden: Tensor<Element>, logits: some TokenLogits<Element>, draws: [Double]?) {
        let tape = tape, settings = LossSettings()
        let parameters = heads.parameters.map { tape.parameter($0) }
        let (temperature, topP) = heads.predict(hidden: tape.constant(hidden), logits: logits, parameters: parameters, tape: tape)
        let kept = draws.map { easyTokenMask(labelRanks: logits.labelRanks, draws: $0, dropRate: settings.easyTokenDropRate) }
            ?? Array(repeating: true, count: logits.count)
        counts = TokenCounts(tokens: logits.count, kept: kept.count { $0 })
        terms = ObjectiveTerms(
            logits: logits, temperature: temperature, topP: topP, kept: kept, counts: counts, settings: settings, tape: tape)
        tokenLosses = logits.losses(temperature: temperature.value, topP: topP.value, constants: settings.constants)
        self.parameters = parameters
    }

    var report: LossReport {
        func number(_ loss: Variable<Element>) -> Double { Double(loss.value[0]) }
        return LossReport(
            released: .init(tempLoss: number(terms.temperature), topPLoss: number(terms.topP)),
            joint: number(terms.joint), tokens: counts.tokens, kept: counts.kept)
    }

    /// `grad.temp_loss.<parameter>`, `grad.top_p_loss.<parameter>` and `grad.joint.<parameter>`.
    func writeGradients(to path: String) throws {
        let losses = [("temp_loss", terms.temperature), ("top_p_loss", terms.topP), ("joint", terms.joint)]
        try SafetensorsWriter.write(
            losses.flatMap { loss, variable in
                let gradients = tape.gradients(of: variable)
                return parameters.named.map { name, parameter in
                    NewTensor("grad.\(loss).\(name)", parameter.value.shape, gradients[parameter].elements, as: Element.elementType)
                }
            }, to: path)
    }

    /// `token_loss`, `d_temperature` and `d_top_p` of the joint objective at the predicted T̂ and P̂.
    func writeTokens(to path: String) throws {
        let columns = [
            ("token_loss", tokenLosses.joint), ("d_temperature", tokenLosses.jointByTemperature), ("d_top_p", tokenLosses.jointByTopP),
        ]
        try SafetensorsWriter.write(
            columns.map { NewTensor($0, [counts.tokens], $1.elements, as: Element.elementType) }, to: path)
    }
}
