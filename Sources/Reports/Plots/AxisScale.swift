import Foundation

/// An axis that has met its data: from values to fractions of its length, and ticks.
struct AxisScale {
    struct Tick: Equatable {
        let value: Double
        let text: String
    }

    let scale: Axis.Scale
    let low, high: Double
    let ticks: [Tick]

    /// - Parameters:
    ///   - values: the data; what is not finite, or not positive on a logarithmic axis, is ignored.
    ///   - roundsOut: the ends move outward to ticks, unless the axis gives its range.
    ///   - tickCount: about how many ticks there is room for.
    init(_ axis: Axis, values: some Sequence<Double>, roundsOut: Bool, tickCount: Int) {
        // Beyond this, ratios and differences of two values may overflow, and there is nothing to see.
        let usable = { (value: Double) in abs(value) <= 1e300 && (axis.scale == .linear || value >= 1e-300) }
        var data: (low: Double, high: Double)?
        for value in values where usable(value) {
            data = data.map { (min($0.low, value), max($0.high, value)) } ?? (value, value)
        }
        let given = axis.range.flatMap {
            usable($0.lowerBound) && usable($0.upperBound) && $0.upperBound > $0.lowerBound ? $0 : nil
        }
        var (low, high) =
            given.map { ($0.lowerBound, $0.upperBound) } ?? data ?? (axis.scale == .linear ? (0, 1) : (1, 10))
        if !(high > low) || axis.scale == .linear && high - low < max(1e-12 * max(abs(low), abs(high)), 1e-290) {
            (low, high) = Self.widened(low, high, axis.scale)
        }
        let places: (low: Double, high: Double, ticks: [Tick]) =
            axis.scale == .linear
            ? Self.linear(low, high, roundsOut && given == nil, tickCount)
            : Self.logarithmic(low, high, roundsOut && given == nil, tickCount)
        scale = axis.scale
        (self.low, self.high) = (places.low, places.high)
        ticks =
            axis.ticks.map { ticks in
                ticks.filter { usable($0) && $0 >= places.low && $0 <= places.high }
                    .map { Tick(value: $0, text: NumberText.short($0)) }
            } ?? places.ticks
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; nil where it has no place.
    func fraction(_ value: Double) -> Double? {
        switch scale {
        case .linear: value.isFinite ? (value - low) / (high - low) : nil
        case .logarithmic: value.isFinite && value > 0 ? (log(value) - log(low)) / (log(high) - log(low)) : nil
        }
    }

    func contains(_ value: Double) -> Bool { value >= low && value <= high }

    /// A range around one value.
    private static func widened(_ low: Double, _ high: Double, _ scale: Axis.Scale) -> (Double, Double) {
        if scale == .logarithmic { return (low / 2, low * 2) }
        let half = max(abs(low) * 0.05, 1e-3)
        return (low - half, high + half)
    }

    private static func linear(
        _ low: Double, _ high: Double, _ roundsOut: Bool, _ count: Int
    ) -> (Double, Double, [Tick]) {
        let step = niceStep((high - low) / Double(max(count, 2)))
        let slack = 1e-9
        var (low, high) = (low, high)
        if roundsOut {
            low = (low / step + slack).rounded(.down) * step
            high = (high / step - slack).rounded(.up) * step
        }
        let first = Int((low / step - slack).rounded(.up))
        let last = Int((high / step + slack).rounded(.down))
        guard last >= first, last - first < 100 else { return (low, high, []) }
        return (
            low, high,
            (first...last).map {
                let value = Double($0) * step
                return Tick(value: value, text: NumberText.tick(value, step: step))
            }
        )
    }

    /// Ticks at powers of ten; at 1, 2 and 5 times them where there are few; at evenly spaced values where there is
    /// less than half a decade.
    private static func logarithmic(
        _ low: Double, _ high: Double, _ roundsOut: Bool, _ count: Int
    ) -> (Double, Double, [Tick]) {
        let decades = log10(high) - log10(low)
        if decades < 0.5 {
            let places = linear(low, high, roundsOut, count)
            return places.0 > 0 ? places : (low, high, places.2)
        }
        let multiples = decades <= Double(count) / 3 + 0.5 ? [1.0, 2, 5] : [1.0]
        let stride = multiples.count == 1 ? max(Int((decades / Double(count)).rounded(.up)), 1) : 1
        let firstDecade = Int(log10(low).rounded(.down)) - 1
        let candidates = (0...(Int(decades) + 4)).filter { $0 % stride == 0 }
            .flatMap { decade in multiples.map { $0 * pow(10, Double(firstDecade + decade)) } }
            .filter { $0 > 0 && $0.isFinite }
        var (low, high) = (low, high)
        if roundsOut {
            low = candidates.last { $0 <= low * (1 + 1e-9) } ?? low
            high = candidates.first { $0 >= high * (1 - 1e-9) } ?? high
        }
        let inside = candidates.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
        return (low, high, inside.map { Tick(value: $0, text: NumberText.short($0)) })
    }

    /// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `step`.
    static func niceStep(_ step: Double) -> Double {
        guard step.isFinite, step > 0 else { return 1 }
        // Dividing by whole powers keeps 0.1, 0.2, … the numbers that one would type.
        let exponent = Int(log10(step).rounded(.down))
        let power = { (multiple: Double) in
            exponent >= 0 ? multiple * pow(10, Double(exponent)) : multiple / pow(10, Double(-exponent))
        }
        return [1, 2, 2.5, 5, 10].map(power).first { $0 >= step * (1 - 1e-9) } ?? power(10)
    }
}
