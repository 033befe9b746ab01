import Autodiff
import LogitSketches
import Tensor

/// The three losses of heads over tokens that come in blocks, with their gradients where wanted: each block adds its
/// share, so that memory is that of one block.
public struct HeadsLosses<Element: Scalar>: Sendable {
    /// The heads whose losses are summed up.
    public let heads: AutoDecoHeads<Element>
    /// The counts of all blocks together, which means divide by.
    public let counts: TokenCounts
    /// Weights, masking and constants of the losses.
    public let settings: LossSettings
    /// Released temperature loss, released top-p loss, and joint loss of the blocks so far.
    public private(set) var temperature = 0.0
    /// Released top-p loss of the blocks so far.
    public private(set) var topP = 0.0
    /// Joint loss of the blocks so far.
    public private(set) var joint = 0.0
    /// Gradients of the three losses by each parameter; nil where they are not wanted.
    public private(set) var gradients: (temperature: Parameters, topP: Parameters, joint: Parameters)?

    /// One tensor for each of the heads' parameters.
    public typealias Parameters = HeadsParameters<Tensor<Element>>

    /// - Parameters:
    ///   - counts: of all tokens that will be added.
    ///   - gradients: whether gradients are wanted too.
    public init(
        heads: AutoDecoHeads<Element>, counts: TokenCounts, settings: LossSettings = LossSettings(),
        gradients: Bool = false
    ) {
        (self.heads, self.counts, self.settings) = (heads, counts, settings)
        let zero = heads.parameters.map { Tensor<Element>(shape: $0.shape) }
        self.gradients = gradients ? (zero, zero, zero) : nil
    }

    /// What is minimised. Without one of the heads `released` keeps the other's term alone. Rewards are not streamed:
    /// for the reward objective it is what its heads are judged by, cross-entropy of the completions that count.
    public func total(_ objective: Objective) -> Double {
        switch (objective, heads.configuration.heads) {
        case (.joint, _), (.reward, _): joint
        case (.released, .both): temperature + topP
        case (.released, .temperature): temperature
        case (.released, .topP): topP
        }
    }

    /// Adds a block of tokens.
    ///
    /// - Parameters:
    ///   - hidden: [N, D].
    ///   - kept: N flags, of ``easyTokenMask(labelRanks:draws:dropRate:)``; without them nothing is dropped.
    /// - Returns: T̂ and P̂, [N, 1].
    @discardableResult
    public mutating func add(
        hidden: Tensor<Element>, logits: some TokenLogits<Element>, kept: [Bool]? = nil
    ) -> (temperature: Tensor<Element>, topP: Tensor<Element>) {
        let tape = Tape<Element>(), wantsGradients = gradients != nil
        let parameters = heads.parameters.map { wantsGradients ? tape.parameter($0) : tape.constant($0) }
        let predicted = heads.predict(
            hidden: hidden, logits: logits, parameters: parameters,
            detachesTemperature: settings.detachesTemperature, tape: tape)
        let terms = ObjectiveTerms(
            logits: logits, temperature: predicted.temperature, topP: predicted.topP,
            kept: kept ?? Array(repeating: true, count: logits.count), counts: counts, settings: settings, tape: tape)
        temperature += Double(terms.temperature.value[0])
        topP += Double(terms.topP.value[0])
        joint += Double(terms.joint.value[0])
        if var sums = gradients {
            gradients = nil
            func add(_ loss: Variable<Element>, to sums: inout Parameters) {
                let gradients = tape.gradients(of: loss)
                sums = sums.adding(parameters.map { gradients[$0] })
            }
            add(terms.temperature, to: &sums.temperature)
            add(terms.topP, to: &sums.topP)
            add(terms.joint, to: &sums.joint)
            gradients = sums
        }
        return (predicted.temperature.value, predicted.topP.value)
    }
}

extension HeadParameters {
    fileprivate func adding<Element: Scalar>(_ other: Self) -> Self where Value == Tensor<Element> {
        HeadParameters(
            firstWeight: firstWeight + other.firstWeight, firstBias: firstBias + other.firstBias,
            secondWeight: secondWeight + other.secondWeight, secondBias: secondBias + other.secondBias)
    }
}

extension HeadsParameters {
    /// Sums of two heads' parameters, which must be of the same shapes.
    fileprivate func adding<Element: Scalar>(_ other: Self) -> Self where Value == Tensor<Element> {
        HeadsParameters(
            temperature: temperature.flatMap { mine in other.temperature.map { mine.adding($0) } },
            topP: topP.flatMap { mine in other.topP.map { mine.adding($0) } })
    }
}
