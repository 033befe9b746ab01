import Reports
import Scoring

extension EvaluationReport {
    // MARK: Pass@k

    var curves: [Block] {
        let all = results.curves.filter { !$0.points.isEmpty }
        let longest = all.map(\.points.count).max() ?? 1
        let k = Axis("k, completions a problem", scale: .logarithmic, ticks: Self.powersOfTwo(upTo: longest))
        let lines = all.map { Self.line($0.name, $0.points) }
        var blocks: [Block] = [
            .figure(
                LineChart("Pass@k", x: k, y: "problems solved, %", lines: lines),
                caption:
                    "Share of problems that at least one of k completions solves, unbiased estimate; bands are 95 % "
                    + "intervals over problems."
            )
        ]
        let differences = all.compactMap { curve in curve.aboveBest.map { Self.line(curve.name, $0) } }.filter {
            !$0.points.isEmpty
        }
        if !differences.isEmpty {
            blocks.append(
                .figure(
                    LineChart(
                        "Difference to the best static pair", x: k, y: "points of pass@k above the best static pair",
                        lines: differences,
                        references: [ReferenceLine("best static pair", at: 0)]),
                    caption: "On the same problems. Where a band holds the dashed line, no difference is shown."))
        }
        let shown = Self.powersOfTwo(upTo: longest)
        let columns = [Table.Column.text("method")] + shown.map { .number("k = \(Int($0))", unit: "%", decimals: 1) }
        func cells(_ points: [Estimate], _ cell: (Estimate) -> Table.Cell) -> [Table.Cell] {
            shown.map { Int($0) <= points.count ? cell(points[Int($0) - 1]) : .missing }
        }
        let values = all.map { curve in Table.Row([.text(curve.name)] + cells(curve.points) { .number(100 * $0.mean) })
        }
        let gaps = all.compactMap { curve in
            curve.aboveBest.map { points in
                Table.Row(
                    [.text("\(curve.name) − best static pair")]
                        + cells(points) { .interval(100 * $0.mean, $0.percentRange ?? 0...0) })
            }
        }
        blocks.append(.collapsible("The numbers", [.table(Table(columns: columns, rows: values + gaps))]))
        return blocks
    }

    private static func line(_ name: String, _ points: [Estimate]) -> Line {
        let k = points.indices.map { Double($0 + 1) }
        return Line(name, zip(k, points).map { Point($0, 100 * $1.mean) }, band: band(k, points))
    }

    private static func band(_ x: [Double], _ points: [Estimate]) -> Line.Band {
        Line.Band(x: x, lower: points.map { 100 * $0.lower }, upper: points.map { 100 * $0.upper })
    }

    private static func powersOfTwo(upTo longest: Int) -> [Double] {
        var powers: [Double] = [], power = 1
        while power <= longest {
            powers.append(Double(power))
            power *= 2
        }
        return powers
    }

    // MARK: Expert-guided tuning

    /// The paper's Figure 3.
    func tuning(_ tuning: EvaluationResults.Tuning) -> [Block] {
        func chart(
            _ title: String, _ x: Axis, _ points: [EvaluationResults.Point], _ place: (StaticPair) -> Double
        ) -> LineChart? {
            let ordered = points.sorted { place($0.pair) < place($1.pair) }
            guard let first = ordered.first, let last = ordered.last else { return nil }
            let x_ = ordered.map { place($0.pair) }
            var lines = [
                Line(
                    "static pair", zip(x_, ordered).map { Point($0, 100 * $1.passAt1.mean) },
                    band: Self.band(x_, ordered.map(\.passAt1)), showsPoints: true)
            ]
            if let autoDeco {
                let ends = [place(first.pair), place(last.pair)], both = [autoDeco.passAt1, autoDeco.passAt1]
                lines.append(
                    Line(
                        "AutoDeco", ends.map { Point($0, 100 * autoDeco.passAt1.mean) }, band: Self.band(ends, both),
                        stroke: .dashed))
            }
            return LineChart(title, x: x, y: "pass@1, %", lines: lines)
        }
        let charts = [
            chart("Temperature, at P = 1", "T", tuning.temperatures, \.temperature),
            chart("Top-p, at T = \(Words.fixed(tuning.best.temperature, 1))", "P", tuning.topPs, \.topP),
        ].compactMap { $0 }
        let best =
            "The paper's search ends at \(tuning.best), chosen on the very problems that it is measured on: an oracle "
            + "that nobody has who does not know the answers."
        return [
            .paragraph(best + again(tuning) + (EvaluationResults.greedyWords(tuning.topPs).map { " " + $0 } ?? "")),
            .figures(
                charts,
                caption:
                    "First the temperature, then top-p at the best one; "
                    + "\(Words.count(tuning.samplesPerProblem, "completion")) a problem and point. Bands are 95 % "
                    + "intervals over problems."
            ),
        ]
    }

    /// The pick was the luckiest of many points: what it comes to with fresh seeds.
    private func again(_ tuning: EvaluationResults.Tuning) -> String {
        guard let found = (tuning.topPs + tuning.temperatures).first(where: { $0.pair == tuning.best }),
            let again = row(.paperPair)
        else { return "" }
        return
            " There it came to \(Words.percent(found.passAt1.mean)) %; measured again with "
            + "\(Words.count(again.samplesPerProblem, "completion")) a problem, "
            + "\(Words.percent(again.passAt1.mean)) %."
    }

    // MARK: Ablation

    /// The paper's Figure 4; nil without parts to compare.
    var ablation: [Block]? {
        let roles: [EvaluationResults.Role] = [
            .defaultSampling, .temperatureHeadOnly, .topPHeadOnly, .autoDeco, .meanShift,
        ]
        let named = roles.compactMap { $0 == .autoDeco ? autoDeco : row($0) }
        let others = rows(.parts).filter { part in !named.contains { $0.name == part.name } }
        guard named.contains(where: { $0.group == .parts }) || !others.isEmpty else { return nil }
        let members = named + others
        let boxes = members.filter { !$0.passAt1OfSeeds.isEmpty }.map {
            BoxPlot.Group($0.name, $0.passAt1OfSeeds.map { 100 * $0 })
        }
        guard !boxes.isEmpty else { return nil }
        return [
            .figure(
                BoxPlot("Pass@1 over seeds", y: "pass@1, %", groups: boxes),
                caption:
                    "A value for each of \(Words.count(results.seeds.count, "seed")). A head alone leaves the other "
                    + "knob at 1; mean shift is one constant pair, the heads' own average: what it reaches needs no "
                    + "token-level control. Boxes show how much seeds vary, not problems; intervals are in the table."
            )
        ]
    }
}
