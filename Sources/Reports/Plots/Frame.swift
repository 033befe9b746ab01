/// The rectangle that the data fill.
struct PlotArea: Equatable {
    var left, top, width, height: Double
    var right: Double { left + width }
    var bottom: Double { top + height }
}

/// A name beside a sample of its stroke.
struct LegendEntry {
    let name: String
    /// Classes of the sample.
    let style: String
    /// A filled square in place of a stroke.
    var isFilled = false
}

/// Title, legend, axes and grid of a plot with two scales, and the way from values to coordinates.
struct Frame {
    let layout: PlotLayout
    let area: PlotArea
    let x, y: AxisScale
    var drawing = Drawing()

    /// - Parameters:
    ///   - roundsOutX: the x axis ends at ticks; otherwise at the data.
    ///   - rightMargin: room for labels beside the area.
    init(
        _ layout: PlotLayout, title: String, x xAxis: Axis, y yAxis: Axis,
        xValues: some Sequence<Double>, yValues: some Sequence<Double>, roundsOutX: Bool = false,
        legend: [LegendEntry] = [], rightMargin: Double? = nil
    ) {
        let size = layout.fontSize
        let y = AxisScale(yAxis, values: yValues, roundsOut: true, tickCount: layout == .wide ? 6 : 5)
        let x = AxisScale(xAxis, values: xValues, roundsOut: roundsOutX, tickCount: layout == .wide ? 8 : 4)
        var drawing = Drawing()
        var top = drawing.heading(title, layout)
        top = drawing.legend(legend, from: top, layout)
        if !yAxis.label.isEmpty {
            drawing.text(
                fitted(yAxis.label, width: layout.width / size - 1), x: 2, y: top + size, style: "muted", size: size)
            top += size * 1.45
        }
        let widestTick = (y.ticks.map { textWidth($0.text) }.max() ?? 0) * size
        let left = widestTick + 12
        let lastTick = (x.ticks.last.map { textWidth($0.text) } ?? 0) * size / 2
        let right = layout.width - max(rightMargin ?? 0, lastTick + 4)
        area = PlotArea(left: left, top: top + 8, width: right - left, height: layout == .wide ? 300 : 216)
        self.layout = layout
        self.x = x
        self.y = y
        self.drawing = drawing
        drawAxes(xLabel: xAxis.label)
    }

    /// Coordinates of a value; nil where the axis has no place for it, as for NaN, or for 0 on a logarithmic one.
    func left(_ value: Double) -> Double? { x.fraction(value).map { bounded(area.left + $0 * area.width) } }
    func top(_ value: Double) -> Double? { y.fraction(value).map { bounded(area.bottom - $0 * area.height) } }

    /// A renderer's coordinates are single precision: what is far outside need not be exact.
    private func bounded(_ coordinate: Double) -> Double { min(max(coordinate, -20_000), 20_000) }

    private mutating func drawAxes(xLabel: String) {
        let size = layout.fontSize
        for tick in y.ticks {
            guard let place = top(tick.value) else { continue }
            drawing.line(area.left, place, area.right, place, style: "grid")
            drawing.text(tick.text, x: area.left - 7, y: place + size * 0.35, anchor: .end, style: "muted", size: size)
        }
        drawing.line(area.left, area.bottom, area.right, area.bottom, style: "axis")
        var free = -Double.infinity
        for tick in x.ticks {
            guard let place = left(tick.value) else { continue }
            drawing.line(place, area.bottom, place, area.bottom + 5, style: "axis")
            let half = textWidth(tick.text) * size / 2
            guard place - half > free else { continue }
            drawing.text(
                tick.text, x: place, y: area.bottom + 5 + size * 1.15, anchor: .middle, style: "muted", size: size)
            free = place + half + size * 0.5
        }
        drawing.height = area.bottom + 5 + size * 1.6
        if !xLabel.isEmpty {
            let label = fitted(xLabel, width: layout.width / size - 1)
            let half = textWidth(label) * size / 2
            let middle = min(max((area.left + area.right) / 2, half), layout.width - half)
            drawing.text(label, x: middle, y: drawing.height + size, anchor: .middle, style: "muted", size: size)
            drawing.height += size * 1.5
        }
        if x.ticks.isEmpty && y.ticks.isEmpty { sayEmpty() }
    }

    mutating func sayEmpty() {
        drawing.text(
            "no data", x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2, anchor: .middle,
            style: "muted",
            size: layout.fontSize)
    }
}

extension Drawing {
    /// The title at the top, on as many lines as it takes. Returns where the next thing may begin.
    mutating func heading(_ title: String, _ layout: PlotLayout) -> Double {
        let size = layout.fontSize * 1.15
        var top = 2.0
        for line in wrapped(title, width: layout.width / size - 1) {
            text(line, x: 2, y: top + size, style: "strong", size: size)
            top += size * 1.3
        }
        return top + size * 0.3
    }

    /// Names with samples in rows that wrap. Returns where the next thing may begin.
    mutating func legend(_ entries: [LegendEntry], from top: Double, _ layout: PlotLayout) -> Double {
        guard !entries.isEmpty else { return top }
        let size = layout.fontSize
        var left = 2.0
        var baseline = top + size
        for entry in entries {
            let name = fitted(entry.name, width: (layout.width - 34) / size)
            let width = 28 + textWidth(name) * size
            if left > 2, left + width > layout.width {
                left = 2
                baseline += size * 1.45
            }
            if entry.isFilled {
                rectangle(
                    x: left + 6, y: baseline - size * 0.75, width: size * 0.85, height: size * 0.85, style: entry.style)
            } else {
                line(left, baseline - size * 0.33, left + 22, baseline - size * 0.33, style: entry.style)
            }
            text(name, x: left + 28, y: baseline, size: size)
            left += width + size * 1.2
        }
        return baseline + size * 0.75
    }
}
