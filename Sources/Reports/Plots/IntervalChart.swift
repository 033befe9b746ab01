/// One value with its interval for each row, names at the left: pass@1 of each method with its 95 % interval.
public struct IntervalChart: Plot {
    public struct Row: Sendable {
        public var name: String
        public var value: Double
        public var interval: ClosedRange<Double>?
        /// The row that the plot is about.
        public var isEmphasised: Bool
        /// Which of the series' colours, from 0, for rows that come again in every group; without it, that of all rows.
        public var colour: Int?

        public init(
            _ name: String, _ value: Double, interval: ClosedRange<Double>? = nil, isEmphasised: Bool = false,
            colour: Int? = nil
        ) {
            self.name = name
            self.value = value
            self.interval = interval
            self.isEmphasised = isEmphasised
            self.colour = colour
        }
    }

    /// Rows under a name of their own.
    public struct Group: Sendable {
        /// Nil where the rows need none.
        public var name: String?
        public var rows: [Row]

        public init(_ name: String?, _ rows: [Row]) {
            self.name = name
            self.rows = rows
        }
    }

    /// How much wider an emphasised name is.
    private static let bold = 1.1

    public var title: String
    public var x: Axis
    /// From top to bottom.
    public var groups: [Group]
    /// A value of x to compare with, such as 0 for differences.
    public var reference: ReferenceLine?

    public init(_ title: String, x: Axis, rows: [Row], reference: ReferenceLine? = nil) {
        self.title = title
        self.x = x
        groups = [Group(nil, rows)]
        self.reference = reference
    }

    public init(_ title: String, x: Axis, groups: [Group], reference: ReferenceLine? = nil) {
        self.title = title
        self.x = x
        self.groups = groups
        self.reference = reference
    }

    public var summary: String {
        let parts = groups.map { group in
            (group.name.map { "\($0): " } ?? "") + group.rows.map { "\($0.name) \(text($0))" }.joined(separator: "; ")
        }
        return x.label + ": " + parts.joined(separator: ". ") + "."
    }

    private func text(_ row: Row) -> String {
        let ends =
            row.interval.map { " (\(NumberText.short($0.lowerBound)) to \(NumberText.short($0.upperBound)))" } ?? ""
        return NumberText.short(row.value) + ends
    }

    public func draw(for layout: PlotLayout) -> Drawing {
        let size = layout.fontSize
        let rows = groups.flatMap(\.rows)
        var drawing = Drawing()
        var top = drawing.heading(title, layout)
        if let reference {
            top = drawing.legend([LegendEntry(name: reference.name, style: "s2 reference dash")], from: top, layout)
        }
        let values = rows.flatMap { [$0.value] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let scale = AxisScale(
            x, values: values + (reference.map { [$0.value] } ?? []), roundsOut: true,
            tickCount: layout == .wide ? 7 : 4)
        // Names take a column of their own where there is room, and a line above their interval where there is not.
        let isWide = layout == .wide
        let widest = min(
            (rows.map { textWidth($0.name) * ($0.isEmphasised ? Self.bold : 1) }.max() ?? 0) * size, layout.width * 0.34
        )
        let left = isWide ? widest + 16 : 14
        let pitch = isWide ? size * 2 : size * 3
        let places = self.places(pitch: pitch, heading: size * 2.1)
        let area = PlotArea(
            left: left, top: top + 2, width: layout.width - 18 - left, height: max(places.height, pitch))
        let place = { (value: Double) in
            scale.fraction(value).map { area.left + min(max($0, 0), 1) * area.width }
        }
        for tick in scale.ticks {
            guard let x = place(tick.value) else { continue }
            drawing.line(x, area.top, x, area.bottom, style: "grid")
            drawing.text(tick.text, x: x, y: area.bottom + size * 1.3, anchor: .middle, style: "muted", size: size)
        }
        if let reference, let x = place(reference.value) {
            drawing.line(x, area.top, x, area.bottom, style: "s2 reference dash")
        }
        for (name, above) in places.headings {
            drawing.text(
                fitted(name, width: layout.width / size - 1), x: 2, y: area.top + above + size * 1.5,
                style: "strong halo", size: size)
        }
        for (row, above) in zip(rows, places.rows) {
            let y = area.top + above + (isWide ? pitch / 2 : size * 2.1)
            let strong = row.isEmphasised ? "strong" : ""
            if isWide {
                drawing.text(
                    fitted(row.name, width: (widest / size + 0.1) / (row.isEmphasised ? Self.bold : 1)), x: 2,
                    y: y + size * 0.35, style: strong, size: size)
            } else {
                drawing.text(fitted(row.name, width: 27), x: 2, y: y - size * 0.75, style: "\(strong) halo", size: size)
            }
            let series = row.colour.map(PlotStyle.series) ?? (row.isEmphasised ? "s2" : "s1")
            if let interval = row.interval, let start = place(interval.lowerBound), let end = place(interval.upperBound)
            {
                drawing.line(start, y, end, y, style: "\(series) line")
            }
            if let x = place(row.value) {
                drawing.circle(
                    x: x, y: y, radius: isWide ? 5 : 4.2, style: "\(series) marker",
                    tooltip: "\(row.name): \(text(row))")
            }
        }
        drawing.height = area.bottom + size * 1.7
        drawing.text(
            fitted(x.label, width: layout.width / size - 1), x: layout.width / 2, y: drawing.height + size,
            anchor: .middle, style: "muted", size: size)
        drawing.height += size * 1.5
        return drawing
    }

    /// Where headings and rows begin, from the top of the area.
    private func places(
        pitch: Double, heading: Double
    ) -> (headings: [(String, Double)], rows: [Double], height: Double) {
        var headings: [(String, Double)] = [], rows: [Double] = [], height = 0.0
        for group in groups {
            if let name = group.name {
                headings.append((name, height))
                height += heading
            }
            for _ in group.rows {
                rows.append(height)
                height += pitch
            }
        }
        return (headings, rows, height)
    }
}
