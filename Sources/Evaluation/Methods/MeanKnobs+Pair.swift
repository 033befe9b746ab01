import Scoring

extension MeanKnobs {
    /// What heads said while they decoded.
    public init(of outcomes: Outcomes) { self.init(temperature: outcomes.meanTemperature, topP: outcomes.meanTopP) }

    /// Rounded to four decimals, which no method tells apart.
    public var pair: StaticPair {
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        return StaticPair(temperature: rounded(temperature), topP: rounded(topP))
    }
}
