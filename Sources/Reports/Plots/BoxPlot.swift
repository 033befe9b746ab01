/// Distributions side by side: median, quartiles, whiskers to the last value within 1.5 interquartile ranges, and
/// single values beyond.
public struct BoxPlot: Plot {
    public struct Group: Sendable {
        public var name: String
        /// In any order; values that are not finite are left out.
        public var values: [Double]

        public init(_ name: String, _ values: [Double]) {
            self.name = name
            self.values = values
        }
    }

    public var title: String
    public var y: Axis
    public var groups: [Group]
    public var references: [ReferenceLine]

    public init(_ title: String, y: Axis, groups: [Group], references: [ReferenceLine] = []) {
        self.title = title
        self.y = y
        self.groups = groups
        self.references = references
    }

    public var summary: String {
        let medians = groups.compactMap { group in
            quantile(group.values.filter(\.isFinite).sorted(), 0.5).map { "\(group.name) \(NumberText.short($0))" }
        }
        return "\(y.label), medians: " + medians.joined(separator: "; ") + "."
    }

    /// Tukey's five numbers, and what lies beyond.
    struct Box: Equatable {
        let lowerWhisker, lowerQuartile, median, upperQuartile, upperWhisker: Double
        let outliers: [Double]

        init?(_ values: [Double]) {
            let ascending = values.filter(\.isFinite).sorted()
            guard let lower = quantile(ascending, 0.25), let middle = quantile(ascending, 0.5),
                let upper = quantile(ascending, 0.75)
            else { return nil }
            let reach = 1.5 * (upper - lower)
            let inside = ascending.filter { $0 >= lower - reach && $0 <= upper + reach }
            (lowerQuartile, median, upperQuartile) = (lower, middle, upper)
            lowerWhisker = min(inside.first ?? lower, lower)
            upperWhisker = max(inside.last ?? upper, upper)
            outliers = ascending.filter { $0 < lower - reach || $0 > upper + reach }
        }
    }

    public func draw(for layout: PlotLayout) -> Drawing {
        let size = layout.fontSize
        let levels = references.filter { $0.direction == .horizontal }
        let levelEntries = levels.enumerated().map {
            LegendEntry(name: $1.name, style: "\(PlotStyle.series(groups.count + $0)) reference dash")
        }
        // Names stand below their boxes where every word fits, otherwise in the legend.
        let estimate = (layout.width - 50) / Double(max(groups.count, 1)) / size * 0.94
        let fits = groups.allSatisfy { $0.name.split(separator: " ").allSatisfy { textWidth(String($0)) <= estimate } }
        let groupEntries = groups.enumerated().map {
            LegendEntry(name: $1.name, style: "\(PlotStyle.series($0)) box", isFilled: true)
        }
        let legend = (fits ? [] : groupEntries) + levelEntries
        let hidden = Axis("", range: 0...Double(max(groups.count, 1)), ticks: [])
        var frame = Frame(
            layout, title: title, x: hidden, y: y, xValues: [], yValues: groups.flatMap(\.values) + levels.map(\.value),
            legend: legend)
        let column = frame.area.width / Double(max(groups.count, 1))
        let plain = frame
        // An outlier at the edge is drawn whole.
        let area = PlotArea(
            left: frame.area.left, top: frame.area.top - 4, width: frame.area.width, height: frame.area.height + 8)
        frame.drawing.clipped(to: area) { drawing in
            for (index, level) in levels.enumerated() {
                guard let place = plain.top(level.value) else { continue }
                drawing.line(
                    plain.area.left, place, plain.area.right, place,
                    style: "\(PlotStyle.series(groups.count + index)) reference dash")
            }
            for (index, group) in groups.enumerated() {
                draw(
                    group, colour: index, at: plain.area.left + column * (Double(index) + 0.5),
                    width: min(column * 0.56, 90), plain, &drawing)
            }
        }
        let names = fits ? groups.map { wrapped($0.name, width: column / size * 0.96) } : []
        for (index, lines) in names.enumerated() {
            for (row, line) in lines.enumerated() {
                frame.drawing.text(
                    line, x: frame.area.left + column * (Double(index) + 0.5),
                    y: frame.area.bottom + 5 + size * (1.15 + 1.2 * Double(row)),
                    anchor: .middle, size: size)
            }
        }
        frame.drawing.height = frame.area.bottom + 5 + size * (0.5 + 1.2 * Double(names.map(\.count).max() ?? 0))
        if groups.isEmpty { frame.sayEmpty() }
        return frame.drawing
    }

    private func draw(
        _ group: Group, colour: Int, at middle: Double, width: Double, _ frame: Frame, _ drawing: inout Drawing
    ) {
        guard let box = Box(group.values), let bottom = frame.top(box.lowerQuartile),
            let top = frame.top(box.upperQuartile),
            let median = frame.top(box.median), let low = frame.top(box.lowerWhisker),
            let high = frame.top(box.upperWhisker)
        else { return }
        let series = PlotStyle.series(colour)
        let numbers = [box.lowerQuartile, box.median, box.upperQuartile].map(NumberText.short)
        for (from, to) in [(bottom, low), (top, high)] {
            drawing.line(middle, from, middle, to, style: "\(series) reference")
            drawing.line(middle - width / 4, to, middle + width / 4, to, style: "\(series) reference")
        }
        drawing.rectangle(
            x: middle - width / 2, y: top, width: width, height: max(bottom - top, 0.5), style: "\(series) box",
            tooltip: "\(group.name): median \(numbers[1]), quartiles \(numbers[0]) and \(numbers[2])")
        drawing.line(middle - width / 2, median, middle + width / 2, median, style: "\(series) line")
        for outlier in box.outliers {
            guard let place = frame.top(outlier) else { continue }
            drawing.circle(x: middle, y: place, radius: 2.8, style: "\(series) outlier")
        }
    }
}
