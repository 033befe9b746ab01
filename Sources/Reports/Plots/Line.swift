/// A place in a plot, in the units of its axes.
public struct Point: Equatable, Sendable {
    public var x, y: Double

    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// A series of a line chart.
public struct Line: Sendable {
    public enum Stroke: Sendable {
        case solid, dashed, dotted
        /// Thin and pale, for single values behind their average; shares the colour of the next line and is in no
        /// legend.
        case faint
    }

    public var name: String
    /// From left to right. A point whose y is not finite leaves a gap.
    public var points: [Point]
    /// An interval for each x, drawn as a band behind the line; lower and upper end as y of two lists of points.
    public var band: Band?
    public var stroke: Stroke
    /// Points as dots, for a few measured values.
    public var showsPoints: Bool

    /// Lower and upper ends of intervals, by x.
    public struct Band: Sendable {
        public var x, lower, upper: [Double]

        /// As many lower and upper ends as values of x; surplus ones are left out.
        public init(x: [Double], lower: [Double], upper: [Double]) {
            self.x = x
            self.lower = lower
            self.upper = upper
        }
    }

    public init(
        _ name: String, _ points: [Point], band: Band? = nil, stroke: Stroke = .solid, showsPoints: Bool = false
    ) {
        self.name = name
        self.points = points
        self.band = band
        self.stroke = stroke
        self.showsPoints = showsPoints
    }

    /// Values over 0, 1, 2, … or given places.
    public init(_ name: String, x: [Double]? = nil, y: [Double], stroke: Stroke = .solid, showsPoints: Bool = false) {
        let places = x ?? y.indices.map(Double.init)
        self.init(name, zip(places, y).map { Point($0, $1) }, stroke: stroke, showsPoints: showsPoints)
    }

    /// Two lines: the single values, pale, and their mean over the last `window` points.
    public static func smoothed(_ name: String, _ points: [Point], window: Int) -> [Line] {
        let window = max(window, 1)
        let means = points.indices.map { end in
            let recent = points[max(0, end - window + 1)...end].map(\.y).filter(\.isFinite)
            return Point(points[end].x, recent.isEmpty ? .nan : recent.reduce(0, +) / Double(recent.count))
        }
        return [Line(name, points, stroke: .faint), Line(name, means)]
    }
}

/// A straight line across the plot at a value to compare with.
public struct ReferenceLine: Sendable {
    public enum Direction: Sendable {
        /// At a value of y, from left to right.
        case horizontal
        /// At a value of x, from bottom to top.
        case vertical
    }

    public var name: String
    public var value: Double
    public var direction: Direction

    public init(_ name: String, at value: Double, _ direction: Direction = .horizontal) {
        self.name = name
        self.value = value
        self.direction = direction
    }
}
