/// Where many points lie: shaded cells, darker with more points (by the logarithm), with the median and the middle half
/// of y along x. For T̂ against entropy, a point a token.
public struct DensityPlot: Plot {
    public var title: String
    public var x, y: Axis
    /// Points that are not finite are left out.
    public var points: [Point]
    /// Which of the series' colours, from 0.
    public var colour: Int

    public init(_ title: String, x: Axis, y: Axis, points: [Point], colour: Int = 0) {
        self.title = title
        self.x = x
        self.y = y
        self.points = points
        self.colour = colour
    }

    public var summary: String {
        let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
        guard finite.count > 1 else { return "\(y.label) against \(x.label), \(finite.count) points." }
        let n = Double(finite.count)
        let meanX = finite.reduce(0) { $0 + $1.x } / n
        let meanY = finite.reduce(0) { $0 + $1.y } / n
        let covariance = finite.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
        let spreadX = finite.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        let spreadY = finite.reduce(0) { $0 + ($1.y - meanY) * ($1.y - meanY) }
        let start = "\(y.label) against \(x.label), \(NumberText.fixed(n, decimals: 0)) points"
        guard spreadX > 0, spreadY > 0 else { return start + "." }
        return start + "; correlation \(NumberText.fixed(covariance / (spreadX * spreadY).squareRoot(), decimals: 2))."
    }

    public func draw(for layout: PlotLayout) -> Drawing {
        let style = PlotStyle.series(colour)
        let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
        let legend = [
            LegendEntry(name: "points", style: "\(style) heat h7", isFilled: true),
            LegendEntry(name: "median", style: "line"),
            LegendEntry(name: "25 % and 75 %", style: "line thin dash"),
        ]
        var frame = Frame(
            layout, title: title, x: x, y: y, xValues: finite.map(\.x), yValues: finite.map(\.y), roundsOutX: true,
            legend: finite.isEmpty ? [] : legend)
        let plain = frame
        let columns = layout == .wide ? 64 : 40
        let rows = layout == .wide ? 40 : 28
        var counts = [Int](repeating: 0, count: columns * rows)
        var columnValues = [[Double]](repeating: [], count: columns)
        for point in finite {
            guard let across = plain.x.fraction(point.x), let up = plain.y.fraction(point.y),
                (0...1).contains(across), (0...1).contains(up)
            else { continue }
            let column = min(Int(across * Double(columns)), columns - 1)
            counts[min(Int(up * Double(rows)), rows - 1) * columns + column] += 1
            columnValues[column].append(point.y)
        }
        frame.drawing.clipped(to: frame.area) { drawing in
            cells(counts, columns, rows, plain.area).draw(on: &drawing, style: style)
            for (share, stroke) in [(0.25, "line thin dash"), (0.75, "line thin dash"), (0.5, "over"), (0.5, "line")] {
                drawing.path(quantilePath(columnValues, share, plain), style: stroke)
            }
        }
        if finite.isEmpty { frame.sayEmpty() }
        return frame.drawing
    }

    private func cells(_ counts: [Int], _ columns: Int, _ rows: Int, _ area: PlotArea) -> HeatCells {
        var cells = HeatCells()
        let fullest = logarithm(counts.max() ?? 0)
        for row in 0..<rows {
            let bottom = area.bottom - area.height * Double(row) / Double(rows)
            let top = area.bottom - area.height * Double(row + 1) / Double(rows)
            for column in 0..<columns where counts[row * columns + column] > 0 {
                let left = area.left + area.width * Double(column) / Double(columns)
                let right = area.left + area.width * Double(column + 1) / Double(columns)
                let share = fullest > 0 ? logarithm(counts[row * columns + column]) / fullest : 1
                cells.add(x: left, y: top, width: right - left, height: bottom - top, share: share)
            }
        }
        return cells
    }

    /// Grows slowly, and keeps one point visible beside thousands.
    private func logarithm(_ count: Int) -> Double {
        var bits = 0.0
        var rest = Double(count) + 1
        while rest >= 2 {
            rest /= 2
            bits += 1
        }
        return bits + (rest - 1)
    }

    /// A quantile for each column with enough points to have one; elsewhere the line has a gap.
    private func quantilePath(_ columnValues: [[Double]], _ share: Double, _ frame: Frame) -> String {
        let width = frame.area.width / Double(columnValues.count)
        // A quantile of a handful of points jumps about and says nothing.
        let enough = max(8, columnValues.reduce(0) { $0 + $1.count } / 2_000)
        var runs: [[String]] = [[]]
        for (column, values) in columnValues.enumerated() {
            if values.count >= enough, let value = quantile(values.sorted(), share), let top = frame.top(value) {
                runs[runs.count - 1].append(
                    "\(coordinate(frame.area.left + width * (Double(column) + 0.5))) \(coordinate(top))")
            } else {
                runs.append([])
            }
        }
        return runs.filter { $0.count > 1 }.map { "M" + $0.joined(separator: "L") }.joined()
    }
}
