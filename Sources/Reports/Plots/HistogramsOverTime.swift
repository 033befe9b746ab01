/// How a distribution moves: a column for each histogram, darker where more values are, with median and the middle 80
/// %.
///
/// A column's shade is relative to that column's fullest bin, by the square root, so that thin tails are seen.
public struct HistogramsOverTime: Plot {
    /// The values at one step.
    public struct Slice: Sendable {
        public var x: Double
        public var histogram: Histogram

        public init(at x: Double, _ histogram: Histogram) {
            self.x = x
            self.histogram = histogram
        }
    }

    public var title: String
    public var x, y: Axis
    /// In ascending order of x.
    public var slices: [Slice]
    public var references: [ReferenceLine]
    /// Which of the series' colours, from 0.
    public var colour: Int

    /// - Parameter y: the axis of the values; without a range, what the histograms cover.
    public init(
        _ title: String, x: Axis, y: Axis, slices: [Slice], references: [ReferenceLine] = [], colour: Int = 0
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.slices = slices
        self.references = references
        self.colour = colour
    }

    public var summary: String {
        let medians = [slices.first, slices.last].compactMap { $0?.histogram.quantile(0.5) }.map(NumberText.short)
        guard medians.count == 2 else { return "\(y.label) over \(x.label)." }
        return "\(y.label) over \(x.label): the median goes from \(medians[0]) to \(medians[1])."
    }

    public func draw(for layout: PlotLayout) -> Drawing {
        let edges = edges
        let style = PlotStyle.series(colour)
        let horizontal = references.filter { $0.direction == .horizontal }
        let legend =
            [
                LegendEntry(name: "share of values", style: "\(style) heat h7", isFilled: true),
                LegendEntry(name: "median", style: "line"), LegendEntry(name: "10 % and 90 %", style: "line thin dash"),
            ] + horizontal.map { LegendEntry(name: $0.name, style: "\(PlotStyle.series(colour + 1)) reference dot") }
        var frame = Frame(
            layout, title: title, x: x, y: y, xValues: edges,
            yValues: slices.flatMap { [$0.histogram.range.lowerBound, $0.histogram.range.upperBound] }
                + horizontal.map(\.value),
            legend: slices.isEmpty ? [] : legend)
        let plain = frame
        frame.drawing.clipped(to: frame.area) { drawing in
            var cells = HeatCells()
            for (index, slice) in slices.enumerated() {
                add(slice.histogram, edges[index], edges[index + 1], to: &cells, plain)
            }
            cells.draw(on: &drawing, style: style)
            for share in [0.1, 0.9] { drawing.path(quantiles(share, plain), style: "line thin dash") }
            let median = quantiles(0.5, plain)
            drawing.path(median, style: "over")
            drawing.path(median, style: "line")
            for reference in horizontal {
                guard let place = plain.top(reference.value) else { continue }
                drawing.line(
                    plain.area.left, place, plain.area.right, place,
                    style: "\(PlotStyle.series(colour + 1)) reference dot")
            }
        }
        if slices.isEmpty { frame.sayEmpty() }
        return frame.drawing
    }

    /// Columns meet half-way between steps.
    private var edges: [Double] {
        let places = slices.map(\.x)
        guard let first = places.first, let last = places.last else { return [] }
        guard places.count > 1 else { return [first - 0.5, first + 0.5] }
        let inner = zip(places, places.dropFirst()).map { ($0 + $1) / 2 }
        return [first] + inner + [last]
    }

    private func add(_ histogram: Histogram, _ start: Double, _ end: Double, to cells: inout HeatCells, _ frame: Frame)
    {
        guard let left = frame.left(start), let right = frame.left(end), let fullest = histogram.counts.max(),
            fullest > 0
        else { return }
        for (bin, count) in histogram.counts.enumerated() where count > 0 {
            guard let top = frame.top(histogram.edge(bin + 1)), let bottom = frame.top(histogram.edge(bin)) else {
                continue
            }
            let share = (Double(count) / Double(fullest)).squareRoot()
            cells.add(x: left, y: top, width: right - left, height: bottom - top, share: share)
        }
    }

    private func quantiles(_ share: Double, _ frame: Frame) -> String {
        LinePath(slices.map { Point($0.x, $0.histogram.quantile(share) ?? .nan) }, in: frame).data
    }
}
