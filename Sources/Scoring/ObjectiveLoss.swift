import AutoDecoHeads
import LogitSketches
import Tensor

/// What a run minimises, as a loss of single tokens: its own objective and its own weights, nothing dropped. This is
/// the yardstick by which a run is validated. Failed completions are no yardstick, so that heads of the reward
/// objective are judged by plain cross-entropy of q.
public struct ObjectiveLoss: Sendable, Equatable {
    /// Objective, weights and constants. Its drop rate is not read.
    public let settings: LossSettings
    /// Which heads there are; without one of them `released` keeps the other's term alone.
    public let heads: HeadSelection

    /// - Parameters:
    ///   - settings: of the run.
    ///   - heads: of the run.
    public init(_ settings: LossSettings, heads: HeadSelection) { (self.settings, self.heads) = (settings, heads) }

    /// weight·loss of each token, [N, 1]. With Dynamic Fine-Tuning the weight is softmax(l)_y, without it 1.
    ///
    /// - Parameters:
    ///   - logits: of N tokens.
    ///   - temperature: T̂, [N, 1].
    ///   - topP: P̂, [N, 1].
    public func tokens(
        _ logits: LogitSketches<Float>, temperature: Tensor<Float>, topP: Tensor<Float>
    ) -> Tensor<Float> {
        let losses = logits.losses(temperature: temperature, topP: topP, constants: settings.constants)
        let loss =
            switch (settings.objective, heads) {
            case (.joint, _), (.reward, _): losses.joint
            case (.released, .both): losses.temperature + losses.topP
            case (.released, .temperature): losses.temperature
            case (.released, .topP): losses.topP
            }
        return settings.dynamicFineTuning ? loss * logits.baseProbabilities : loss
    }

    /// The same at one (T, P) for all tokens.
    public func tokens(_ logits: LogitSketches<Float>, temperature: Double, topP: Double) -> Tensor<Float> {
        func constant(_ value: Double) -> Tensor<Float> { Tensor(shape: [logits.count, 1], repeating: Float(value)) }
        return tokens(logits, temperature: constant(temperature), topP: constant(topP))
    }

    /// In words, for messages and reports: "released objective, without Dynamic Fine-Tuning".
    public var words: String {
        if settings.objective == .reward { return "cross-entropy, of heads of the reward objective" }
        return "\(settings.objective.rawValue) objective, \(settings.dynamicFineTuning ? "with" : "without") Dynamic "
            + "Fine-Tuning"
    }
}
