import Autodiff
import LogitSketches
import Tensor

extension AutoDecoHeads {
    /// T̂ and P̂ of N tokens, each [N, 1]; the constant 1 for a head that is not there.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D].
    ///   - logits: for the features; they are computed at T̂.
    public func predict(
        hidden: any HiddenStates<Element>, logits: some TokenLogits<Element>
    ) -> (temperature: Tensor<Element>, topP: Tensor<Element>) {
        let stack = StackedHeads(parameters, configuration: configuration)
        let forward = HeadsForward(stack, hidden: hidden) { logits.features(temperature: $0) }
        return (forward.temperature ?? forward.ones, forward.topP ?? forward.ones)
    }

    /// The same recorded on a tape as one operation, with its derivative by all parameters.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D]; no gradient flows into it.
    ///   - logits: for the features; they are computed at T̂ held constant.
    ///   - parameters: the heads' parameters as variables of `tape`.
    ///   - detachesTemperature: whether T̂ enters the top-p head as a constant.
    public func predict(
        hidden: any HiddenStates<Element>, logits: some TokenLogits<Element>,
        parameters: HeadsParameters<Variable<Element>>,
        detachesTemperature: Bool = true, tape: Tape<Element>
    ) -> (temperature: Variable<Element>, topP: Variable<Element>) {
        let stack = StackedHeads(parameters.map(\.value), configuration: configuration)
        let forward = HeadsForward(stack, hidden: hidden) { logits.features(temperature: $0) }
        let one = forward.ones, parents = parameters.named.map(\.value)
        // T̂ in the first column, P̂ in the second; a head that is not there is 1 and passes nothing on.
        let prediction = tape.record(
            Tensor(beside: [forward.temperature ?? one, forward.topP ?? one]), from: parents
        ) { gradient, sinks in
            let gradients = forward.gradients(
                byTemperature: gradient.column(0), byTopP: gradient.column(1), detachesTemperature: detachesTemperature)
            for (sink, share) in zip(sinks, gradients.named) { sink.add(share.value) }
        }
        let constant = tape.constant(one)
        return (
            parameters.temperature == nil ? constant : prediction.columns(0..<1),
            parameters.topP == nil ? constant : prediction.columns(1..<2)
        )
    }
}
