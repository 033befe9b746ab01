import Files
import Foundation
import Scoring

// The tables of an evaluation. What is not measured yet is "–".

extension EvaluationResults {
    /// The form of the paper's Table 1: a line for each method, in percent.
    var mainTable: TextTable {
        let reference = (row(.autoDeco) == nil ? yardstick : .autoDeco).title
        let measured = rows.filter { $0.group != .tuning }
        let head = [
            counted(problems, "problem"), "pass@1 ± seeds", "95 % interval", "tokens", "cut off", "tokens/s",
            "\(reference) − this",
        ]
        let names =
            measured.map(\.name)
            + missing.filter { name in
                !rows.contains { $0.name == name } && !Part.allCases.contains { $0.rawValue == name }
            }
        return TextTable(
            head: head,
            rows: names.map { name in
                guard let row = measured.first(where: { $0.name == name }) else {
                    return [name] + head.dropFirst().map { _ in "–" }
                }
                return [
                    title(row),
                    Words.percent(row.passAt1.mean) + (row.deviationOverSeeds.map { " ± " + Words.percent($0) } ?? ""),
                    Words.interval(row.passAt1), Words.fixed(row.meanLength, 1), Words.percent(row.truncatedShare),
                    row.tokensPerSecond.map { Words.grouped($0) } ?? "–",
                    comparisons.first { $0.first == reference && $0.second == name }.map(\.shortWords) ?? "",
                ]
            })
    }

    /// T̂ of the heads where it matters, beside the mean that certain tokens dominate; nil where no heads are measured.
    var temperatureTable: TextTable? {
        let heads = rows.filter { $0.uncertain != nil && $0.filter == nil }
        guard !heads.isEmpty else { return nil }
        return TextTable(
            head: ["heads", "mean T̂ while decoding", "T̂ at uncertain tokens", "these are"],
            rows: heads.compactMap { row in
                row.uncertain.map {
                    [
                        row.name, row.meanTemperature.map { Words.fixed($0, 2) } ?? "–", Words.fixed($0.temperature, 2),
                        "\(Words.percent($0.share)) % of held-out tokens",
                    ]
                }
            })
    }

    /// Both curves of the paper's search.
    var tuningTable: TextTable? {
        let points =
            tuning.map { $0.temperatures + $0.topPs.filter { $0.pair.topP != 1 } }
            ?? rows.filter { $0.group == .tuning }.compactMap { row in
                row.pair.map { Point(pair: $0, passAt1: row.passAt1) }
            }
        guard !points.isEmpty else { return nil }
        return TextTable(
            head: ["the paper's search", "pass@1", "95 % interval"],
            rows: points.map { point in
                [
                    "\(point.pair)\(point.pair.title(in: points))\(point.pair == tuning?.best ? " (best)" : "")",
                    Words.percent(point.passAt1.mean), Words.interval(point.passAt1),
                ]
            })
    }

    static let shownK = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

    var curveTable: TextTable? {
        let ks = Self.shownK.filter { k in curves.contains { $0.points.count >= k } }
        guard !curves.isEmpty, !ks.isEmpty else { return nil }
        let lines = curves.flatMap { curve -> [[String]] in
            let line =
                [curve.name] + ks.map { $0 <= curve.points.count ? Words.percent(curve.points[$0 - 1].mean) : "–" }
            guard let above = curve.aboveBest else { return [line] }
            return [
                line,
                ["  − \(yardstick.title)"]
                    + ks.map { $0 <= above.count ? Words.signed(100 * above[$0 - 1].mean, 1) : "–" },
                ["  95 % interval"] + ks.map { $0 <= above.count ? Words.interval(above[$0 - 1]) : "–" },
            ]
        }
        return TextTable(head: ["pass@k"] + ks.map { "\($0)" }, rows: lines)
    }

    /// The form of the paper's Table 4.
    var commandTable: TextTable? {
        guard !commands.isEmpty else { return nil }
        func change(_ estimate: Estimate?) -> String {
            estimate.map { "\(Words.signed($0.mean, 4)) (\(Words.interval($0, 4, scale: 1)))" } ?? "–"
        }
        func share(_ value: Double?) -> String { value.map { "\(Words.percent($0, 0)) %" } ?? "–" }
        return TextTable(
            head: ["command", "mean T̂", "change (95 %)", "consistent", "mean P̂", "change (95 %)", "consistent"],
            rows: commands.map {
                [
                    $0.command ?? "none", Words.fixed($0.meanTemperature, 4), change($0.temperatureChange),
                    share($0.temperatureConsistency),
                    Words.fixed($0.meanTopP, 4), change($0.topPChange), share($0.topPConsistency),
                ]
            })
    }

    /// A row's name, with its pair where the name does not say it and with its seeds where some are missing.
    private func title(_ row: Row) -> String {
        let pair =
            row.pair.flatMap { pair in
                [.bestPair, .paperPair, .meanShift].contains(row.role) ? ", \(pair)" : nil
            } ?? ""
        return row.name + pair
            + (missing.contains(row.name) ? " (\(row.passAt1OfSeeds.count) of \(counted(seeds.count, "seed")))" : "")
    }
}

extension EvaluationResults.Grid {
    /// Pass@1 in per cent, a line for each temperature and a column for each P; finalists with all their samples.
    var table: TextTable {
        TextTable(
            head: ["T"] + topPs.map { "P = \(shortest($0))" },
            rows: temperatures.map { temperature in
                [shortest(temperature)]
                    + topPs.map { topP in
                        point(StaticPair(temperature: temperature, topP: topP)).map(words) ?? "–"
                    }
            })
    }

    var temperatures: [Double] { Set(points.map(\.pair.temperature)).sorted() }
    var topPs: [Double] { Set(points.map(\.pair.topP)).sorted() }

    /// With as many samples as there are.
    func point(_ pair: StaticPair) -> EvaluationResults.Point? {
        finalists.first { $0.pair == pair } ?? points.first { $0.pair == pair }
    }

    /// "44.5", marked where it is a finalist, the best one, or greedy decoding.
    func words(_ point: EvaluationResults.Point) -> String {
        let isFinalist = finalists.contains { $0.pair == point.pair }
        let mark = point.pair == best ? " (best)" : point.equalsGreedy ? " (greedy)" : isFinalist ? "*" : ""
        return Words.percent(point.passAt1.mean) + mark
    }

    func shortest(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
}

extension StaticPair {
    /// " (greedy)" where it is greedy decoding among these points.
    func title(in points: [EvaluationResults.Point]) -> String {
        points.contains { $0.pair == self && $0.equalsGreedy } ? " (greedy)" : ""
    }
}
