/// Series over a common x: losses over steps, pass@k over k, accuracy over temperature.
///
/// Names stand at the ends of the lines where there is room, otherwise in a legend.
public struct LineChart: Plot {
    public var title: String
    public var x, y: Axis
    public var lines: [Line]
    public var references: [ReferenceLine]
    private var givenSummary: String?

    public init(
        _ title: String, x: Axis, y: Axis, lines: [Line], references: [ReferenceLine] = [], summary: String? = nil
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.lines = lines
        self.references = references
        givenSummary = summary
    }

    public var summary: String {
        if let givenSummary { return givenSummary }
        let ends = lines.filter { $0.stroke != .faint }.compactMap { line in
            line.points.last { $0.y.isFinite }.map { "\(line.name) ends at \(NumberText.short($0.y))" }
        }
        let levels = references.map { "\($0.name) is \(NumberText.short($0.value))" }
        return "\(y.label) against \(x.label). " + (ends + levels).joined(separator: "; ") + "."
    }

    /// A series, or a horizontal reference, with the colour it gets.
    private struct Entry {
        let name: String
        let colour: String
        let stroke: String
        /// Where its label wants to stand.
        let end: Point
    }

    public func draw(for layout: PlotLayout) -> Drawing {
        let entries = entries()
        let size = layout.fontSize
        let widest = (entries.map { textWidth($0.name) }.max() ?? 0) * size
        let hasRoom = layout == .wide && entries.count <= 9 && widest <= layout.width * 0.27
        let isDirect = hasRoom && !entries.isEmpty
        let isSingle = entries.count == 1 && references.isEmpty
        let legend =
            isDirect || isSingle ? [] : entries.map { LegendEntry(name: $0.name, style: "\($0.colour) \($0.stroke)") }
        let horizontal = references.filter { $0.direction == .horizontal }.map(\.value)
        let vertical = references.filter { $0.direction == .vertical }.map(\.value)
        var frame = Frame(
            layout, title: title, x: x, y: y,
            xValues: lines.flatMap { $0.points.map(\.x) + ($0.band?.x ?? []) } + vertical,
            yValues: lines.flatMap { $0.points.map(\.y) + ($0.band.map { $0.lower + $0.upper } ?? []) } + horizontal,
            legend: legend, rightMargin: isDirect && !isSingle ? widest + 26 : nil)
        let area = frame.area
        let plain = frame
        // The clip leaves room for half a stroke at the edges.
        frame.drawing.clipped(
            to: PlotArea(left: area.left, top: area.top - 2, width: area.width + 4, height: area.height + 4)
        ) {
            drawBands(&$0, plain)
            drawReferences(&$0, plain)
            drawLines(&$0, plain)
        }
        drawPoints(&frame)
        drawVerticalNames(&frame)
        if isDirect && !isSingle { label(entries, in: &frame) }
        if lines.allSatisfy({ $0.points.isEmpty }) && references.isEmpty { frame.sayEmpty() }
        return frame.drawing
    }

    /// The colour of each line: a pale line shares that of the next one.
    private var colours: [Int] {
        var next = 0
        return lines.map { line in
            defer { if line.stroke != .faint { next += 1 } }
            return next
        }
    }

    private func style(_ index: Int, _ colour: Int) -> String {
        switch lines[index].stroke {
        case .solid: "line" + PlotStyle.dash(colour)
        case .dashed: "line dash"
        case .dotted: "line dot"
        case .faint: "line faint"
        }
    }

    private func entries() -> [Entry] {
        let colours = colours
        let named = lines.indices.filter { lines[$0].stroke != .faint }.map { index in
            Entry(
                name: lines[index].name, colour: PlotStyle.series(colours[index]), stroke: style(index, colours[index]),
                end: lines[index].points.last { $0.y.isFinite && $0.x.isFinite } ?? Point(.nan, .nan))
        }
        let levels = references.enumerated().filter { $1.direction == .horizontal }.map { index, reference in
            Entry(
                name: reference.name, colour: PlotStyle.series(named.count + index),
                stroke: "reference \(referenceDash(index))",
                end: Point(.infinity, reference.value))
        }
        return named + levels
    }

    private func referenceDash(_ index: Int) -> String { index % 2 == 0 ? "dash" : "dot" }

    private func drawBands(_ drawing: inout Drawing, _ frame: Frame) {
        for (line, colour) in zip(lines, colours) {
            guard let band = line.band else { continue }
            let ends = zip(band.x, zip(band.lower, band.upper)).compactMap { x, ends -> (Double, Double, Double)? in
                guard let x = frame.left(x), let lower = frame.top(ends.0), let upper = frame.top(ends.1) else {
                    return nil
                }
                return (x, lower, upper)
            }
            let outline =
                ends.map { "\(coordinate($0.0)) \(coordinate($0.2))" }
                + ends.reversed().map { "\(coordinate($0.0)) \(coordinate($0.1))" }
            guard ends.count > 1 else { continue }
            drawing.path("M" + outline.joined(separator: "L") + "Z", style: "\(PlotStyle.series(colour)) band")
        }
    }

    private func drawReferences(_ drawing: inout Drawing, _ frame: Frame) {
        let named = lines.filter { $0.stroke != .faint }.count
        for (index, reference) in references.enumerated() {
            let style = "\(PlotStyle.series(named + index)) reference \(referenceDash(index))"
            switch reference.direction {
            case .horizontal:
                guard let place = frame.top(reference.value) else { continue }
                drawing.line(frame.area.left, place, frame.area.right, place, style: style)
            case .vertical:
                guard let place = frame.left(reference.value) else { continue }
                drawing.line(place, frame.area.top, place, frame.area.bottom, style: style)
            }
        }
    }

    private func drawLines(_ drawing: inout Drawing, _ frame: Frame) {
        for (index, colour) in colours.enumerated() {
            let series = PlotStyle.series(colour)
            drawing.path(LinePath(lines[index].points, in: frame).data, style: "\(series) \(style(index, colour))")
        }
    }

    /// Points that are asked for, and those alone between gaps, which no line shows. Not clipped: half of a point at
    /// the edge is a defect.
    private func drawPoints(_ frame: inout Frame) {
        for (line, colour) in zip(lines, colours) {
            for (index, point) in line.points.enumerated() {
                let isAlone =
                    !(index > 0 && line.points[index - 1].y.isFinite)
                    && !(index + 1 < line.points.count && line.points[index + 1].y.isFinite)
                guard line.showsPoints || isAlone, frame.x.contains(point.x), frame.y.contains(point.y),
                    let x = frame.left(point.x), let y = frame.top(point.y)
                else { continue }
                frame.drawing.circle(
                    x: x, y: y, radius: frame.layout == .wide ? 4 : 3.2, style: "\(PlotStyle.series(colour)) marker",
                    tooltip: "\(line.name): \(NumberText.short(point.y)) at \(NumberText.short(point.x))")
            }
        }
    }

    /// Names of vertical lines at their upper ends, on the side that has room.
    private func drawVerticalNames(_ frame: inout Frame) {
        let named = lines.filter { $0.stroke != .faint }.count
        let size = frame.layout.fontSize
        var row = 0.0
        for (index, reference) in references.enumerated() where reference.direction == .vertical {
            guard let place = frame.left(reference.value), place >= frame.area.left, place <= frame.area.right else {
                continue
            }
            let fitsRight = place + 6 + textWidth(reference.name) * size <= frame.area.right
            frame.drawing.text(
                reference.name, x: place + (fitsRight ? 6 : -6), y: frame.area.top + size * (1 + row * 1.3),
                anchor: fitsRight ? .start : .end,
                style: "\(PlotStyle.series(named + index)) series halo", size: size)
            row += 1
        }
    }

    /// Names right of the area, each as near to its line's end as the others leave room for.
    private func label(_ entries: [Entry], in frame: inout Frame) {
        let size = frame.layout.fontSize
        let area = frame.area
        let wanted = entries.map { min(max(frame.top($0.end.y) ?? area.bottom, area.top), area.bottom) }
        let places = spread(wanted, gap: size * 1.25, within: (area.top + size * 0.4)...(area.bottom))
        for (index, entry) in entries.enumerated() {
            // A curve that stops earlier is named without a leader, which would look like more of it.
            let end = entry.end.x == .infinity ? area.right : (frame.left(entry.end.x) ?? area.right)
            if area.right - end < 3 {
                frame.drawing.line(
                    area.right + 2, wanted[index], area.right + 12, places[index], style: "\(entry.colour) leader")
            }
            frame.drawing.text(
                entry.name, x: area.right + 16, y: places[index] + size * 0.35, style: "\(entry.colour) series",
                size: size)
        }
    }
}

/// Places at least `gap` apart in the order of `wanted`, moved as little as a pass in each direction allows.
func spread(_ wanted: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    var places = wanted
    var floor = range.lowerBound
    for index in order {
        places[index] = max(places[index], floor)
        floor = places[index] + gap
    }
    var ceiling = range.upperBound
    for index in order.reversed() {
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - gap
    }
    return places
}
