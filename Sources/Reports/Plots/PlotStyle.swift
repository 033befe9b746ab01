/// Colours and strokes of all plots.
///
/// The series' colours are told apart with the usual colour-vision deficiencies, and each is dark enough (light page)
/// or light enough (dark page) to be read as text. From the fifth on, lines are dashed as well.
enum PlotStyle {
    static let lightPage = "#ffffff", darkPage = "#14171a"
    static let lightInk = "#1c2024", darkInk = "#e8eaed"
    static let lightMuted = "#5a6169", darkMuted = "#a3abb3"
    static let lightSeries = ["#0068a8", "#bd4b00", "#007a55", "#9c3d87", "#7a5c00", "#5a52c7", "#4f5860", "#b3263f"]
    static let darkSeries = ["#5fb8f0", "#ff9450", "#35cf9c", "#e79ad2", "#f0c84a", "#aaa5ff", "#b9c1c9", "#ff8a9b"]

    /// The class of series `index`; more than eight begin again, dashed differently.
    static func series(_ index: Int) -> String { "s\(index % lightSeries.count + 1)" }
    static func dash(_ index: Int) -> String {
        switch index {
        case ..<4: ""
        case 4..<8: " dash"
        default: " dot"
        }
    }

    /// Shades of a heat map, from 1 to this.
    static let heatLevels = 12

    static let css: String = {
        let light = variables(lightSeries, page: lightPage, ink: lightInk, muted: lightMuted, grid: "#dfe3e7")
        let dark = variables(darkSeries, page: darkPage, ink: darkInk, muted: darkMuted, grid: "#32383e")
        let series = (1...lightSeries.count).map { ".plot .s\($0){color:var(--series-\($0))}" }.joined()
        // Opacity does for both themes: it fades into the page, whatever its colour.
        let heat = (1...heatLevels).map { ".plot .h\($0){fill-opacity:\(Double($0 * 92 / heatLevels) / 100)}" }.joined()
        return """
            .plot{\(light);color-scheme:light dark;font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;\
            display:block;width:100%;height:auto;background:var(--page)}
            @media (prefers-color-scheme:dark){.plot{\(dark)}}
            .plot text{fill:var(--ink);font-variant-numeric:tabular-nums}.plot .muted{fill:var(--muted)}
            .plot .strong{font-weight:600}
            .plot path{fill:none}.plot .grid{stroke:var(--grid)}.plot .axis{stroke:var(--muted)}
            \(series)
            .plot text.series{fill:currentColor}.plot text.halo{paint-order:stroke;stroke:var(--page);
            stroke-width:4px;stroke-linejoin:round}
            .plot .line{stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
            .plot .dash{stroke-dasharray:7 4;stroke-linecap:butt}.plot .dot{stroke-dasharray:2 3.5;stroke-linecap:butt}
            .plot .faint{stroke-width:1.2;stroke-opacity:.38}.plot .thin{stroke-width:1}
            .plot .reference{stroke:currentColor;stroke-width:1.6}.plot .leader{stroke:currentColor;stroke-opacity:.55}
            .plot path.band{fill:currentColor;fill-opacity:.17;stroke:none}
            .plot .marker{fill:currentColor;stroke:var(--page);stroke-width:1.5}
            .plot .box{fill:currentColor;fill-opacity:.2;stroke:currentColor;stroke-width:1.5}
            .plot .outlier{fill:none;stroke:currentColor;stroke-opacity:.7}
            .plot .heat{fill:currentColor;stroke:none;shape-rendering:crispEdges}
            .plot .over{stroke:var(--page);stroke-width:5;stroke-opacity:.75;stroke-linejoin:round}
            \(heat)
            """
    }()

    private static func variables(_ series: [String], page: String, ink: String, muted: String, grid: String) -> String
    {
        (["--page:\(page)", "--ink:\(ink)", "--muted:\(muted)", "--grid:\(grid)"]
            + series.enumerated().map { "--series-\($0 + 1):\($1)" }).joined(separator: ";")
    }
}
