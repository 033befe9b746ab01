/// A picture of data: values in, SVG out. Every plot is drawn for two shapes of paper, so that its words stay
/// legible on a desk and on a telephone; a page holds both and shows the one that fits.
public protocol Plot: Sendable {
    /// What is shown, in a few words; stands above the plot and is its accessible name.
    var title: String { get }
    /// What a reader sees in it, in a sentence or two, for those who cannot.
    var summary: String { get }
    func draw(for layout: PlotLayout) -> Drawing
}

/// The shape of a drawing, in units that are pixels where it is shown at its own size.
public enum PlotLayout: Sendable, CaseIterable {
    /// For 680 to 1,000 pixels.
    case wide
    /// For 320 to 540 pixels.
    case narrow

    var width: Double { self == .wide ? 840 : 360 }
    var fontSize: Double { self == .wide ? 13.5 : 12 }
    var name: String { self == .wide ? "wide" : "narrow" }
}

extension Plot {
    /// A file of its own: light and dark after the reader's setting, with title and description, without anything from
    /// elsewhere.
    public func svg(_ layout: PlotLayout = .wide) -> String {
        element(layout, attributes: " xmlns=\"http://www.w3.org/2000/svg\"", style: "<style>\(PlotStyle.css)</style>")
    }

    /// As part of a page that holds `PlotStyle.css`.
    func inlineSVG(_ layout: PlotLayout) -> String { element(layout, attributes: "", style: "") }

    private func element(_ layout: PlotLayout, attributes: String, style: String) -> String {
        let drawing = draw(for: layout)
        let size = "\(coordinate(layout.width)) \(coordinate(drawing.height))"
        return
            "<svg\(attributes) class=\"plot \(layout.name)\" viewBox=\"0 0 \(size)\" role=\"img\" "
            + "aria-label=\"\(escaped(title))\">"
            + "<title>\(escaped(title))</title><desc>\(escaped(summary))</desc>\(style)\(drawing.elements)</svg>"
    }
}
