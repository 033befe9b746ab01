/// Elements of an SVG picture, and its height. Coordinates run right and down.
///
/// Colours are classes of `PlotStyle`, never values, so that light and dark share one drawing.
public struct Drawing: Sendable {
    var height = 0.0
    private(set) var elements = ""

    enum Anchor: String {
        case start, middle, end
    }

    /// Text with its baseline at y.
    mutating func text(_ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String = "", size: Double)
    {
        let anchoring = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        elements += "<text x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" font-size=\"\(coordinate(size))\"\(anchoring)"
        elements += "\(classes(style))>\(escaped(text))</text>"
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
        path("M\(coordinate(x1)) \(coordinate(y1))L\(coordinate(x2)) \(coordinate(y2))", style: style)
    }

    mutating func path(_ data: String, style: String, tooltip: String? = nil) {
        guard !data.isEmpty else { return }
        elements += "<path d=\"\(data)\"\(classes(style))\(closing("path", tooltip))"
    }

    mutating func rectangle(x: Double, y: Double, width: Double, height: Double, style: String, tooltip: String? = nil)
    {
        elements += "<rect x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" width=\"\(coordinate(width))\""
        elements += " height=\"\(coordinate(height))\"\(classes(style))\(closing("rect", tooltip))"
    }

    mutating func circle(x: Double, y: Double, radius: Double, style: String, tooltip: String? = nil) {
        elements += "<circle cx=\"\(coordinate(x))\" cy=\"\(coordinate(y))\" r=\"\(coordinate(radius))\""
        elements += "\(classes(style))\(closing("circle", tooltip))"
    }

    /// Draws within a rectangle and cuts off what leaves it; coordinates stay those of the picture.
    mutating func clipped(to area: PlotArea, _ draw: (inout Drawing) -> Void) {
        let box = [area.left, area.top, area.width, area.height].map(coordinate)
        elements +=
            "<svg x=\"\(box[0])\" y=\"\(box[1])\" width=\"\(box[2])\" height=\"\(box[3])\" "
            + "viewBox=\"\(box.joined(separator: " "))\">"
        draw(&self)
        elements += "</svg>"
    }

    private func closing(_ name: String, _ tooltip: String?) -> String {
        tooltip.map { "><title>\(escaped($0))</title></\(name)>" } ?? "/>"
    }

    private func classes(_ style: String) -> String { style.isEmpty ? "" : " class=\"\(style)\"" }
}

/// A coordinate with one decimal; what is not finite must not come this far, and becomes 0.
func coordinate(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    guard tenths.isFinite, abs(tenths) < 1e9 else { return "0" }
    let whole = Int(tenths)
    let digits = whole % 10 == 0 ? "\(abs(whole) / 10)" : "\(abs(whole) / 10).\(abs(whole) % 10)"
    return whole < 0 ? "-" + digits : digits
}
