import Foundation
import Scoring

// The tables of an evaluation. What is not measured yet is "–".

extension EvaluationResults {
    /// The form of the paper's Table 1: a line for each method, in percent.
    var mainTable: TextTable {
        let reference = rows.contains { $0.group == .autoDeco } ? MethodList.autoDeco : MethodList.pick
        let measured = rows.filter { $0.group != .tuning }
        let head = [
            "\(problems) problems", "pass@1 ± seeds", "95 % interval", "tokens", "cut off", "tokens/s",
            "\(reference) − this",
        ]
        let names =
            measured.map(\.name)
            + missing.filter { name in
                !Self.others.contains(name) && !rows.contains { $0.name == name } && !isPoint(name)
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

    /// Both curves of expert-guided tuning.
    var tuningTable: TextTable? {
        let points =
            tuning.map { tuning in
                tuning.temperatures.map { ($0.pair, $0.passAt1) }
                    + tuning.topPs.filter { $0.pair.topP != 1 }.map { ($0.pair, $0.passAt1) }
            } ?? rows.filter { $0.group == .tuning }.compactMap { row in row.pair.map { ($0, row.passAt1) } }
        guard !points.isEmpty else { return nil }
        return TextTable(
            head: ["expert-guided tuning", "pass@1", "95 % interval"],
            rows: points.map { pair, estimate in
                [
                    "\(pair)\(pair == tuning?.best ? " (best)" : "")", Words.percent(estimate.mean),
                    Words.interval(estimate),
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
                ["  − \(MethodList.pick)"]
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

    /// What is missing beside rows of the table.
    private static let others: Set<String> = [MethodList.topPTuning, "effects of commands", "single generations"]

    private func isPoint(_ name: String) -> Bool { name.hasPrefix("T = ") }

    /// A row's name, with its pair where the name does not say it and with its seeds where some are missing.
    private func title(_ row: Row) -> String {
        let pair =
            row.pair.flatMap { [MethodList.pick, MethodList.meanShift].contains(row.name) ? ", \($0)" : nil } ?? ""
        return row.name + pair
            + (missing.contains(row.name) ? " (\(row.passAt1OfSeeds.count) of \(seeds.count) seeds)" : "")
    }
}
