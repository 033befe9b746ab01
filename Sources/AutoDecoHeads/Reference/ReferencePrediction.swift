import Autodiff
import LogitSketches
import Tensor

extension AutoDecoHeads {
    /// T̂ and P̂ of N tokens, each [N, 1], from composed operations of the tape: the reference that tests hold
    /// ``predict(hidden:logits:parameters:detachesTemperature:tape:)`` against.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D].
    ///   - logits: for the features; they are computed at T̂ held constant.
    ///   - parameters: the heads' parameters as variables of `tape`.
    ///   - detachesTemperature: whether T̂ enters the top-p head as a constant.
    public func referencePrediction(
        hidden: Variable<Element>, logits: some TokenLogits<Element>, parameters: HeadsParameters<Variable<Element>>,
        detachesTemperature: Bool = true, tape: Tape<Element>
    ) -> (temperature: Variable<Element>, topP: Variable<Element>) {
        func apply(_ head: HeadParameters<Variable<Element>>, to inner: Variable<Element>) -> Variable<Element> {
            tape.linear(inner.relu(), weight: head.secondWeight, bias: head.secondBias)
        }
        let one = tape.constant(Tensor(shape: [hidden.value.rows, 1], repeating: 1))
        let temperature =
            parameters.temperature.map { head in
                apply(head, to: tape.linear(hidden, weight: head.firstWeight, bias: head.firstBias)).sigmoid() * 2
            } ?? one
        let topP =
            parameters.topP.map { head in
                let input = detachesTemperature ? temperature.detached : temperature
                guard configuration.enhancedFeatures else {
                    let inner = tape.linear(hidden, input, weight: head.firstWeight, bias: head.firstBias)
                    return apply(head, to: inner).sigmoid()
                }
                let features = tape.constant(logits.features(temperature: temperature.value))
                let inner = tape.linear(hidden, input, features, weight: head.firstWeight, bias: head.firstBias)
                return apply(head, to: inner).sigmoid()
            } ?? one
        return (temperature, topP)
    }
}
