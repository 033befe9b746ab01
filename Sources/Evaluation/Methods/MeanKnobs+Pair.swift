import Scoring

extension MeanKnobs {
    /// What heads said while they decoded; nil where they said nothing, because no token could be drawn.
    public init?(of outcomes: Outcomes) {
        guard let temperature = outcomes.meanTemperature, let topP = outcomes.meanTopP else { return nil }
        self.init(temperature: temperature, topP: topP)
    }

    /// Rounded to four decimals, which no method tells apart.
    public var pair: StaticPair {
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        return StaticPair(temperature: rounded(temperature), topP: rounded(topP))
    }
}
