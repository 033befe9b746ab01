import Testing

@testable import Reports

struct AxisScaleTests {
    private func scale(_ axis: Axis, _ values: [Double], roundsOut: Bool = true, ticks: Int = 5) -> AxisScale {
        AxisScale(axis, values: values, roundsOut: roundsOut, tickCount: ticks)
    }

    @Test func linearTicksAreRoundAndEncloseTheData() {
        let losses = scale("", [0.4217, 0.6631])
        #expect(losses.ticks.map(\.text) == ["0.40", "0.45", "0.50", "0.55", "0.60", "0.65", "0.70"])
        #expect(losses.low == 0.4 && abs(losses.high - 0.7) < 1e-12)
        #expect(scale("", [0, 400]).ticks.map(\.text) == ["0", "100", "200", "300", "400"])
        #expect(scale("", [-0.3, 0.2]).ticks.map(\.text) == ["−0.3", "−0.2", "−0.1", "0", "0.1", "0.2"])
        #expect(scale("", [0, 5e-6]).ticks.map(\.text) == ["0", "10⁻⁶", "2×10⁻⁶", "3×10⁻⁶", "4×10⁻⁶", "5×10⁻⁶"])
    }

    @Test func anAxisMayKeepTheEndsOfItsData() {
        let steps = scale("", [1, 397], roundsOut: false)
        #expect(steps.low == 1 && steps.high == 397)
        #expect(steps.ticks.map(\.text) == ["100", "200", "300"])
    }

    @Test func aGivenRangeIsKept() {
        let scale = scale(Axis("", range: 0.05...0.95), [-3, 7])
        #expect(scale.low == 0.05 && scale.high == 0.95)
        #expect(scale.ticks.map(\.text) == ["0.2", "0.4", "0.6", "0.8"])
    }

    @Test func givenTicksAreKeptWhereTheyAreInside() {
        let scale = scale(
            Axis("", scale: .logarithmic, ticks: [1, 2, 4, 8, 16, 32, 64, 128]), [1, 64], roundsOut: false)
        #expect(scale.ticks.map(\.text) == ["1", "2", "4", "8", "16", "32", "64"])
        #expect(scale.fraction(8) == 0.5)
    }

    @Test func logarithmicTicksArePowersOfTenOrTheirMultiples() {
        let axis = Axis("", scale: .logarithmic)
        #expect(scale(axis, [0.02, 5]).ticks.map(\.text) == ["0.01", "0.1", "1", "10"])
        #expect(scale(axis, [3, 40]).ticks.map(\.text) == ["2", "5", "10", "20", "50"])
        #expect(scale(axis, [0, -4]).ticks.map(\.text) == ["1", "2", "5", "10"])
        #expect(scale(axis, [1e-12, 1e12]).ticks.count <= 7)
    }

    @Test func oneValueHasARangeAroundIt() {
        for value in [0, 3, -1e-9, 1e12] {
            let scale = scale("", [value])
            #expect(scale.low < value && value < scale.high && !scale.ticks.isEmpty)
        }
    }

    @Test func nothingHasTheUnitRange() {
        let empty = scale("", [.nan, .infinity])
        #expect(empty.low == 0 && empty.high == 1)
    }

    @Test func stepsAreTheSmallestRoundOnes() {
        #expect([0.03, 0.1, 0.11, 0.21, 3, 49, 51].map(AxisScale.niceStep) == [0.05, 0.1, 0.2, 0.25, 5, 50, 100])
    }
}
