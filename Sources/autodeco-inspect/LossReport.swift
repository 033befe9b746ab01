import AutoDecoHeads
import LogitSketches
import Safetensors
import Tensor
import Terminal

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

    init<Element>(_ losses: HeadsLosses<Element>) {
        released = Released(tempLoss: losses.temperature, topPLoss: losses.topP)
        joint = losses.joint
        (tokens, kept) = (losses.counts.tokens, losses.counts.kept)
    }

    var text: String {
        """
        tokens                     \(Readable.count(tokens)), \(Readable.count(kept)) kept
        released temperature loss  \(released.tempLoss)
        released top-p loss        \(released.topPLoss)
        joint loss                 \(joint)
        """
    }
}

/// The files that `loss` writes beside its report.
struct LossOutput<Element: Scalar & StoredScalar> {
    private let gradientsPath: String?
    private let tokensPath: String?
    /// Of the joint objective without weights and masking, one number a token.
    private var tokenLoss: [Element] = []
    private var byTemperature: [Element] = []
    private var byTopP: [Element] = []

    var wantsGradients: Bool { gradientsPath != nil }

    init(gradients: String?, tokens: String?) { (gradientsPath, tokensPath) = (gradients, tokens) }

    /// Notes the losses of a block of tokens at the predicted T̂ and P̂.
    mutating func add(_ logits: some TokenLogits<Element>, _ temperature: Tensor<Element>, _ topP: Tensor<Element>) {
        guard tokensPath != nil else { return }
        let losses = logits.losses(temperature: temperature, topP: topP, constants: LossSettings().constants)
        tokenLoss += losses.joint.elements
        byTemperature += losses.jointByTemperature.elements
        byTopP += losses.jointByTopP.elements
    }

    /// Writes the files that are wanted: `grad.temp_loss.<parameter>`, `grad.top_p_loss.<parameter>` and
    /// `grad.joint.<parameter>`;
    /// `token_loss`, `d_temperature` and `d_top_p`.
    func finish(_ losses: HeadsLosses<Element>) throws -> LossReport {
        if let gradientsPath, let gradients = losses.gradients {
            let named = [
                ("temp_loss", gradients.temperature), ("top_p_loss", gradients.topP), ("joint", gradients.joint),
            ]
            try SafetensorsWriter.write(
                named.flatMap { loss, parameters in
                    parameters.named.map {
                        NewTensor("grad.\(loss).\($0)", $1.shape, $1.elements, as: Element.elementType)
                    }
                }, to: gradientsPath)
        }
        if let tokensPath {
            let columns = [("token_loss", tokenLoss), ("d_temperature", byTemperature), ("d_top_p", byTopP)]
            try SafetensorsWriter.write(
                columns.map { NewTensor($0, [losses.counts.tokens], $1, as: Element.elementType) }, to: tokensPath)
        }
        return LossReport(losses)
    }
}
