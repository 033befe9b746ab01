import Autodiff
import LogitSketches
import Tensor

extension TokenLogits {
    /// The three losses on the tape, each [N, 1]: the fused operation, one pass for values and derivatives.
    ///
    /// - Parameters:
    ///   - temperature: T̂, [N, 1].
    ///   - topP: P̂, [N, 1].
    public func losses(
        temperature: Variable<Element>, topP: Variable<Element>, constants: LossConstants, tape: Tape<Element>
    ) -> (temperature: Variable<Element>, topP: Variable<Element>, joint: Variable<Element>) {
        let losses = losses(temperature: temperature.value, topP: topP.value, constants: constants)
        // Each loss is a function of two numbers a token; their partial derivatives come with it.
        return (
            tape.record(losses.temperature, from: [temperature]) { gradient, sinks in
                sinks[0].add(gradient * losses.temperatureByTemperature)
            },
            tape.record(losses.topP, from: [temperature, topP]) { gradient, sinks in
                sinks[0].add(gradient * losses.topPByTemperature)
                sinks[1].add(gradient * losses.topPByTopP)
            },
            tape.record(losses.joint, from: [temperature, topP]) { gradient, sinks in
                sinks[0].add(gradient * losses.jointByTemperature)
                sinks[1].add(gradient * losses.jointByTopP)
            }
        )
    }
}
