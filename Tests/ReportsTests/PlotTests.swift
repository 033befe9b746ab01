import Testing

@testable import Reports

struct PlotTests {
    @Test func everyPlotIsWellFormedWhateverTheValues() {
        for plot in examplePlots("T̂ <b>&\"'\u{0}") {
            for layout in PlotLayout.allCases {
                let svg = plot.svg(layout)
                #expect(complaint(svg) == nil, "\(type(of: plot)) \(layout)")
                #expect(hasNumbersOnly(svg), "\(type(of: plot)) \(layout)")
                #expect(!svg.contains("<b>"))
            }
        }
    }

    @Test func everyPlotHasATitleADescriptionAndARole() {
        for plot in examplePlots("name of it") {
            let svg = plot.svg()
            #expect(svg.contains("role=\"img\"") && svg.contains("aria-label=\"name of it\""))
            #expect(svg.contains("<title>name of it</title><desc>"))
            #expect(!plot.summary.isEmpty)
        }
    }

    @Test func noTextLeavesThePaper() {
        var textCount = 0
        for plot in examplePlots("a name of moderate length") {
            for layout in PlotLayout.allCases {
                for match in plot.svg(layout).matches(
                    of: /<text x="([-0-9.]+)" y="([-0-9.]+)" font-size="([0-9.]+)"( text-anchor="(\w+)")?[^>]*>([^<]*)</
                ) {
                    let x = Double(match.1) ?? .nan
                    let width = textWidth(String(match.6)) * (Double(match.3) ?? .nan)
                    let start = match.5 == "end" ? x - width : match.5 == "middle" ? x - width / 2 : x
                    // Estimates are on the wide side; a tick's label may stick out by less than a digit.
                    #expect(start >= -6 && start + width <= layout.width + 6, "\(type(of: plot)) \(layout): \(match.6)")
                    textCount += 1
                }
            }
        }
        #expect(textCount > 500)
    }

    @Test func theSameValuesGiveTheSameBytes() {
        let once = examplePlots("a").map { $0.svg(.wide) + $0.svg(.narrow) }
        #expect(once == examplePlots("a").map { $0.svg(.wide) + $0.svg(.narrow) })
    }

    @Test func emptyPlotsSayThatThereIsNoData() {
        #expect(texts(LineChart("a", x: "x", y: "y", lines: []).svg()).contains("no data"))
        #expect(texts(DensityPlot("a", x: "x", y: "y", points: []).svg()).contains("no data"))
        #expect(texts(HistogramsOverTime("a", x: "x", y: "y", slices: []).svg()).contains("no data"))
        #expect(texts(BoxPlot("a", y: "y", groups: []).svg()).contains("no data"))
    }

    @Test func coloursAreLegibleAsText() {
        for (page, colours) in [
            (PlotStyle.lightPage, PlotStyle.lightSeries + [PlotStyle.lightInk, PlotStyle.lightMuted]),
            (PlotStyle.darkPage, PlotStyle.darkSeries + [PlotStyle.darkInk, PlotStyle.darkMuted]),
        ] {
            for colour in colours {
                #expect(contrast(colour, page) >= 4.5, "\(colour) on \(page): \(contrast(colour, page))")
            }
        }
    }

    /// Contrast ratio of two colours after WCAG 2: from 1 to 21.
    private func contrast(_ a: String, _ b: String) -> Double {
        let luminances = [luminance(a), luminance(b)].sorted()
        return (luminances[1] + 0.05) / (luminances[0] + 0.05)
    }

    private func luminance(_ colour: String) -> Double {
        let digits = Int(colour.dropFirst(), radix: 16) ?? 0
        let parts = [16, 8, 0].map { shift -> Double in
            let part = Double(digits >> shift & 255) / 255
            return part <= 0.04045 ? part / 12.92 : power((part + 0.055) / 1.055)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    @Test func groupsOfIntervalsStandUnderTheirNamesInOrder() {
        let groups = ["low", "high"].map {
            IntervalChart.Group($0, [.init("gain", 1, interval: 0...2, colour: 2), .init("penalty", 0.5, colour: 3)])
        }
        let chart = IntervalChart("a", x: "nats", groups: groups)
        for layout in PlotLayout.allCases {
            let svg = chart.svg(layout)
            let lines = svg.matches(of: /<text x="[^"]*" y="([0-9.]+)"[^>]*>(low|high|gain|penalty)</).map {
                (String($0.2), Double($0.1) ?? .nan)
            }
            .sorted { $0.1 < $1.1 }
            #expect(lines.map(\.0) == ["low", "gain", "penalty", "high", "gain", "penalty"])
            #expect(zip(lines, lines.dropFirst()).allSatisfy { $1.1 - $0.1 >= 13 })
            #expect(
                svg.matches(of: /<circle[^>]*class="s3 marker"/).count == 2
                    && svg.matches(of: /class="s4 marker"/).count == 2)
        }
        #expect(chart.summary == "nats: low: gain 1 (0 to 2); penalty 0.5. high: gain 1 (0 to 2); penalty 0.5.")
    }
}
