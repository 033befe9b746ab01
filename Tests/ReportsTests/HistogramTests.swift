import Testing
@testable import Reports

struct HistogramTests {
    @Test func valuesFallIntoTheirBins() {
        let histogram = Histogram(of: [0, 0.25, 0.5, 0.99, 1, 1.5, 2] as [Float], bins: 4, range: 0...2)
        #expect(histogram.counts == [2, 2, 1, 2])
        #expect((0...4).map(histogram.edge) == [0, 0.5, 1, 1.5, 2])
        #expect(histogram.count == 7 && histogram.minimum == 0 && histogram.maximum == 2)
    }

    @Test func valuesOutsideTheRangeCountInTheOutermostBins() {
        let histogram = Histogram(of: [-5.0, 0.5, 1e300], bins: 2, range: 0...1)
        #expect(histogram.counts == [1, 2])
        #expect(histogram.minimum == -5 && histogram.maximum == 1e300)
    }

    @Test func nonFiniteValuesCountNowhere() {
        let histogram = Histogram(of: [1.0, .nan, .infinity, -.infinity, 3], bins: 2)
        #expect(histogram.counts == [1, 1])
        #expect(histogram.count == 2 && histogram.sum == 4 && histogram.sumOfSquares == 10 && histogram.mean == 2)
    }

    @Test func valuesAllAlikeHaveABinWithAWidth() {
        let histogram = Histogram(of: [3.0, 3, 3], bins: 5)
        #expect(histogram.counts.reduce(0, +) == 3)
        #expect(histogram.range.lowerBound < 3 && histogram.range.upperBound > 3)
        #expect(histogram.quantile(0.5) == 3)
        #expect(Histogram(of: [Double]()).quantile(0.5) == nil)
    }

    @Test func extremesOfDoubleAreCounted() {
        let largest = Double.greatestFiniteMagnitude
        #expect(Histogram(of: [-largest, 0, largest], bins: 3).counts.reduce(0, +) == 3)
        #expect(Histogram(of: [0, Double.leastNonzeroMagnitude], bins: 3).counts.reduce(0, +) == 2)
    }

    @Test func quantilesAreWithinABinOfTheExactOnes() throws {
        var draws = Draws(state: 5)
        let values = (0..<5_000).map { _ in draws.next() * draws.next() }
        let histogram = Histogram(of: values, bins: 100, range: 0...1)
        for share in [0, 0.1, 0.5, 0.9, 1] {
            let exact = try #require(quantile(values.sorted(), share))
            let binned = try #require(histogram.quantile(share))
            #expect(abs(exact - binned) < 0.01, "\(share): \(binned), exactly \(exact)")
        }
    }

    @Test func boxesAreTukeys() throws {
        let box = try #require(BoxPlot.Box([1, 2, 3, 4, 5, 6, 7, 8, 14, .nan]))
        #expect(box.lowerQuartile == 3 && box.median == 5 && box.upperQuartile == 7)
        #expect(box.lowerWhisker == 1 && box.upperWhisker == 8 && box.outliers == [14])
        #expect(BoxPlot.Box([.nan]) == nil)
    }
}
