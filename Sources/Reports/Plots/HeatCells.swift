/// Cells of a heat map, gathered by shade into one path each: a few kilobytes for thousands of cells.
struct HeatCells {
    private var paths = [String](repeating: "", count: PlotStyle.heatLevels)

    /// - Parameter share: of the darkest shade, in [0, 1]; 0 draws nothing, the slightest amount draws the lightest
    ///   shade.
    mutating func add(x: Double, y: Double, width: Double, height: Double, share: Double) {
        guard share > 0 else { return }
        let level = min(max(Int((share * Double(paths.count)).rounded(.up)), 1), paths.count)
        // Edges are rounded, not widths, so that neighbours neither overlap nor gape.
        let (left, right, top, bottom) = (coordinate(x), coordinate(x + width), coordinate(y), coordinate(y + height))
        paths[level - 1] += "M\(left) \(top)H\(right)V\(bottom)H\(left)z"
    }

    func draw(on drawing: inout Drawing, style: String) {
        for (level, path) in paths.enumerated() {
            drawing.path(path, style: "\(style) heat h\(level + 1)")
        }
    }
}
