import LogitSketches
import Tensor

package func fusedValues<Element: Scalar>(
    _ logits: some TokenLogits<Element>, _ T: Double, _ P: Double
) -> (values: [Double], features: [Double]) {
    let t = Tensor<Element>(shape: [1, 1], [Element(T)]), p = Tensor<Element>(shape: [1, 1], [Element(P)])
    let l = logits.losses(temperature: t, topP: p, constants: LossConstants())
    return (
        [
            l.temperature, l.temperatureByTemperature, l.topP, l.topPByTemperature, l.topPByTopP, l.joint,
            l.jointByTemperature, l.jointByTopP,
        ]
        .map { Double($0[0]) },
        logits.features(temperature: t).elements.map { Double($0) }
    )
}
