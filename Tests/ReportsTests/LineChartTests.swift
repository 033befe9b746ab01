import Foundation
import Testing

@testable import Reports

func power(_ base: Double) -> Double { pow(base, 2.4) }

struct LineChartTests {
    @Test func namesStandAtTheEndsOfLinesWithoutOverlap() {
        let lines = (0..<8).map { Line("line \($0)", [Point(0, 0), Point(1, 0.5 + Double($0) * 1e-3)]) }
        let svg = LineChart("a", x: "x", y: "y", lines: lines).svg(.wide)
        let baselines = svg.matches(of: /<text x="[0-9.]+" y="([0-9.]+)"[^>]*series"[^>]*>line/).compactMap {
            Double($0.1)
        }.sorted()
        #expect(baselines.count == 8)
        for (above, below) in zip(baselines, baselines.dropFirst()) {
            #expect(below - above >= PlotLayout.wide.fontSize)
        }
    }

    @Test func narrowPaperAndManyLinesTakeALegend() {
        let lines = (0..<3).map { Line("line \($0)", [Point(0, 0), Point(1, 1)]) }
        let svg = LineChart("a", x: "x", y: "y", lines: lines).svg(.narrow)
        #expect(texts(svg).filter { $0.hasPrefix("line") }.count == 3)
        #expect(!svg.contains("series\""))
    }

    @Test func aValueThatIsNotFiniteLeavesAGap() {
        let frame = Frame(.wide, title: "", x: "", y: "", xValues: [0, 4], yValues: [0, 1])
        let path = LinePath([0, 1, .nan, 1, 0].enumerated().map { Point(Double($0), $1) }, in: frame)
        #expect(path.runs.map(\.count) == [2, 2])
        #expect(path.data.filter { $0 == "M" }.count == 2)
    }

    @Test func aPointAloneIsDrawnAsAPoint() {
        let svg = LineChart(
            "a", x: "x", y: "y", lines: [Line("a", [Point(0, 1), Point(1, .nan), Point(2, 2), Point(3, 3)])]
        ).svg()
        #expect(svg.matches(of: /<circle/).count == 1)
    }

    @Test func zeroHasNoPlaceOnALogarithmicAxis() {
        let axis = Axis("", scale: .logarithmic)
        let frame = Frame(.wide, title: "", x: "", y: axis, xValues: [0, 2], yValues: [0, 1, 10])
        #expect(frame.top(0) == nil && frame.top(-1) == nil)
        #expect(frame.y.low == 1 && frame.y.high == 10)
    }

    @Test func aHundredThousandPointsKeepTheirExtremes() {
        let n = 100_000
        let extremes = [54_321: 9.0, 77_777: -9]
        let points = (0..<n).map { (index: Int) -> Point in Point(Double(index), extremes[index] ?? sin(Double(index)))
        }
        let frame = Frame(.wide, title: "", x: "", y: "", xValues: points.map(\.x), yValues: points.map(\.y))
        let path = LinePath(points, in: frame)
        let kept = path.runs.flatMap { $0 }
        #expect(kept.count < 4_000)
        #expect(kept.map(\.y).min() == frame.top(9) && kept.map(\.y).max() == frame.top(-9))
        #expect(kept.first?.x == frame.left(0) && kept.last?.x == frame.left(Double(n - 1)))
    }

    @Test func smoothingIsTheMeanOfTheLastPointsAndSharesAColour() {
        let lines = Line.smoothed("a", [1, 3, .nan, 5].enumerated().map { Point(Double($0), $1) }, window: 2)
        #expect(lines[1].points.map(\.y) == [1, 2, 3, 5])
        let svg = LineChart("a", x: "x", y: "y", lines: lines + [Line("b", [Point(0, 1), Point(3, 2)])]).svg()
        #expect(svg.contains("s1 line faint") && svg.contains("s1 line\"") && svg.contains("s2 line\""))
    }

    @Test func placesThatAreTooNearAreSpreadAndStayInside() {
        #expect(spread([5, 5, 5], gap: 2, within: 0...20) == [5, 7, 9])
        #expect(spread([19, 20, 18], gap: 2, within: 0...20) == [18, 20, 16])
        #expect(spread([1, 9], gap: 2, within: 0...20) == [1, 9])
    }
}
