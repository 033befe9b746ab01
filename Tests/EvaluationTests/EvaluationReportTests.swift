import Decoding
import Foundation
import Testing
@testable import Evaluation
@testable import Reports

@Suite struct EvaluationReportTests {
    /// Of the fixture as it is; making and searching a page takes a while.
    private static let plain = Result { try EvaluationReport(ReportFixture.complete()).page.html }

    private func html() throws -> String { try Self.plain.get() }

    private func html(_ change: (inout EvaluationResults) -> Void) throws -> String {
        var results = try ReportFixture.complete()
        change(&results)
        return EvaluationReport(results).page.html
    }

    private func titles(_ results: EvaluationResults) -> [String] {
        EvaluationReport(results).page.sections.map(\.title)
    }

    /// The texts of a page's warnings.
    private func warnings(_ html: String) -> [String] {
        html.matches(of: /<p class="warning" role="note">([^<]*)</).map { String($0.1) }
    }

    @Test func everySectionIsThereWhereItsDataAre() throws {
        #expect(
            titles(try ReportFixture.complete()) == [
                "Result", "All methods", "Pass@k", "Expert-guided tuning", "What each head gives", "What P̂ means",
                "Better mean or token-level control",
                "Commands in the prompt", "Single generations", "Configuration",
            ])
    }

    @Test func sectionsWithoutDataAreLeftOutOrSayWhy() throws {
        #expect(titles(ReportFixture.barest) == ["Result", "All methods", "What P̂ means", "Configuration"])
        let html = EvaluationReport(ReportFixture.barest).page.html
        #expect(
            html.contains("No heads were evaluated") && html.contains("three filters have not been compared")
                && html.contains("There is one seed"))
        #expect(!html.contains("<script"))
        let undiagnosed = try self.html { $0.diagnosis = nil }
        #expect(
            undiagnosed.contains("There is no diagnosis: it is made from a cache")
                && !undiagnosed.contains("Where the gain comes from"))
    }

    @Test func theResultSaysWhatAutoDecoIsAboveAndWhatItIsNotToldApartFrom() throws {
        let html = try html()
        #expect(
            html.contains(
                "AutoDeco solves 81.2 % of problems at the first try (95 % interval 78.0 to 84.4). Against the others,")
        )
        #expect(
            html.contains(
                "<p>Above: greedy +10.8 (+8.7 to +12.9); default sampling +15.6 (+13.8 to +17.4); temperature"))
        #expect(html.contains("<p>No difference shown: \(ReportFixture.best) 0.0 (−1.2 to +1.2); mean shift"))
        #expect(!html.contains("<p>Below"))
        #expect(warnings(html) == [])
        let facts = html.matches(of: /<div><dt>([^<]*)<\/dt><dd>([^<]*)<\/dd><dd class="note">([^<]*)</).map {
            [String($0.1), String($0.2), String($0.3)]
        }
        #expect(
            facts == [
                ["AutoDeco", "81.2 %", "95 % interval 78.0 to 84.4"], ["greedy", "70.4 %", "AutoDeco +10.8 points"],
                ["default sampling", "65.6 %", "AutoDeco +15.6 points"],
                [ReportFixture.best, "81.2 %", "no difference shown to AutoDeco"],
                ["mean shift (T = 0.61, P = 0.93)", "80.4 %", "no difference shown to AutoDeco"],
            ])
    }

    @Test func aComparisonTheOtherWayRoundSaysTheSame() throws {
        let turned = try html { results in
            results.comparisons = results.comparisons.map {
                .init(first: $0.second, second: $0.first, difference: $0.difference.reversed)
            }
        }
        #expect(turned == (try html()))
    }

    @Test func beingClearlyBelowIsAWarning() throws {
        let html = try html { results in
            results.comparisons[2].difference = ReportFixture.estimate(-0.03, 0.01)
            results.curves[0].aboveBest = (1...64).map {
                ReportFixture.estimate($0 < 10 ? 0 : -0.0005 * Double($0), 0.004)
            }
        }
        #expect(
            warnings(html) == [
                "AutoDeco is below \(ReportFixture.best), −3.0 points (95 % interval −4.0 to −2.0).",
                "AutoDeco&#39;s pass@k is below the best static pair&#39;s for 55 of 64 k, most at k = 64: "
                    + "−3.2 points (95 % interval −3.6 to −2.8).",
            ])
        #expect(html.contains("<p>Below: \(ReportFixture.best) −3.0 (−4.0 to −2.0).</p>"))
    }

    @Test func partialResultsSaySoAndKeepALineForWhatIsMissing() throws {
        let html = try html { $0.missing = ["min-p 0.1", "min-p 0.2", "heads <b>, soft"] }
        #expect(
            warnings(html) == [
                "Results are partial, 3 still to be measured: min-p 0.1; min-p 0.2; heads &lt;b&gt;, soft."
            ])
        let line = html.firstMatch(of: /<th scope="row">min-p 0\.2<\/th>(<td class="number">–<\/td>)+<\/tr>/)
        #expect(line?.0.matches(of: /–/).count == 4)
        #expect(
            html.contains("<th scope=\"row\">min-p 0.1, not all seeds yet</th><td class=\"number\">74.2 ± 0.9</td>"))
        let early = EvaluationReport(
            {
                var r = ReportFixture.barest
                r.missing = ["AutoDeco"]
                return r
            }()
        ).page.html
        #expect(
            early.contains("AutoDeco itself is not measured yet.")
                && early.contains("1 still to be measured: AutoDeco."))
    }

    @Test func completionsThatCouldNotBeJudgedAreAWarning() throws {
        let html = try html {
            $0.rows[0].faults = 1
            $0.rows[3].faults = 2
            $0.rows[3].firstFault = "the grader <ended> with status 3."
        }
        #expect(
            warnings(html) == [
                "3 completions could not be judged and count as wrong: 1 of greedy and 2 of AutoDeco. The first: the "
                    + "grader &lt;ended&gt; with status 3."
            ])
    }

    @Test func notesSayWhatWasNotMeasured() throws {
        let html = try html { $0.notes = ["No diagnosis: cache.folder is null."] }
        #expect(html.contains("<h2>Not measured</h2>\n<p>No diagnosis: cache.folder is null.</p>"))
        #expect(try !self.html().contains("Not measured"))
    }

    @Test func theTableHasARowForEachMethodInItsGroup() throws {
        let html = try html()
        let groups = html.matches(of: /<tr class="group"><th[^>]*>([^<]*)</).map { String($0.1) }
        let each = [
            "Knobs set by hand", "AutoDeco", "Parts of AutoDeco", "Other ways to set knobs by rule",
            "What P̂ means at inference",
        ]
        // Once for what they reach, once for what they cost.
        #expect(groups == each + each)
        for row in ReportFixture.rows { #expect(html.contains("<th scope=\"row\">\(row.name)</th>"), "\(row.name)") }
        let own = html.firstMatch(of: /<tr class="emphasised"><th scope="row">AutoDeco<\/th>(.*?)<\/tr>/)
        let cells = own?.1.matches(of: />([^<]*)<\/td>/).map { String($0.1) }
        #expect(cells == ["81.2 ± 0.9", "78.0 to 84.4", "–", "64"])
        let costs = html.matches(of: /<tr class="emphasised"><th scope="row">AutoDeco<\/th>(.*?)<\/tr>/).last
        let second = costs?.1.matches(of: />([^<]*)<\/td>/).map { String($0.1) }
        #expect(second == ["118", "0.4", "5,120", "0.61", "–", "0.930"])
        #expect(html.contains("<td class=\"number\">70.4</td>") && html.contains("no difference shown (−1.2 to +1.2)"))
    }

    @Test func curvesStandOverALogarithmicAxisWithTheirDifference() throws {
        let html = try html()
        let parts = html.components(separatedBy: "aria-label=\"Pass@k\"")
        try #require(parts.count == 3)
        let chart = parts[1]
        let ticks = chart.matches(of: /<text x="([0-9.]+)"[^>]*>(1|2|4|8|16|32|64)</).map {
            (Double($0.1) ?? .nan, String($0.2))
        }.prefix(7)
        #expect(ticks.map(\.1) == ["1", "2", "4", "8", "16", "32", "64"])
        let gaps = zip(ticks, ticks.dropFirst()).map { $1.0 - $0.0 }
        #expect(gaps.allSatisfy { abs($0 - (gaps.first ?? 0)) < 0.3 })
        #expect(html.contains("aria-label=\"Difference to the best static pair\""))
        #expect(html.contains("<th scope=\"col\" class=\"number\">k = 64 <span class=\"unit\">%</span></th>"))
        let shorter = try self.html { $0.curves[1].points.removeLast(60) }
        #expect(shorter.contains("k = 64"))
    }

    @Test func bothTuningCurvesHaveAutoDecosLineAndBand() throws {
        let html = try html()
        for title in ["Temperature, at P = 1", "Top-p, at T = 0.5"] {
            let parts = html.components(separatedBy: "aria-label=\"\(title)\"")
            try #require(parts.count == 3)
            let chart = parts[1].components(separatedBy: "<svg class=\"plot").first ?? ""
            #expect(
                chart.matches(of: /\ band"/).count == 2 && chart.matches(of: /s2 line dash"/).count >= 1, "\(title)")
        }
        #expect(
            html.contains("The paper&#39;s search ends at T = 0.5, P = 0.9")
                && html.contains("There it came to 81.5 %; measured again with 64 completions a problem, 81.2 %."))
    }

    @Test func theAblationHasABoxForEachPart() throws {
        let html = try html()
        let box = try #require(
            html.firstMatch(of: /aria-label="Pass@1 over seeds"><title>[^<]*<\/title><desc>([^<]*)</))
        let names = box.1.matches(
            of:
                /(default sampling|temperature head only|top-p head only|AutoDeco|mean shift \(T = 0\.61, P = 0\.93\)) \d/
        ).map { String($0.1) }
        #expect(
            names == [
                "default sampling", "temperature head only", "top-p head only", "AutoDeco",
                "mean shift (T = 0.61, P = 0.93)",
            ])
    }

    @Test func filtersAreGroupedByTheirHeads() throws {
        let html = try html()
        #expect(
            html.contains(
                "pass@1, %: heads of joint: hard 81.1 (77.9 to 84.3); soft 80.1 (76.9 to 83.3); inclusive 81.5 (78.3 "
                    + "to 84.7). heads of released: hard 79.7"
            ))
    }

    @Test func theExampleMasksAreThoseThatDecodingUses() throws {
        let example = try #require(NucleusExample.shown)
        let p = example.probabilities, c = example.cumulative,
            reached = try #require(c.firstIndex { $0 >= example.topP })
        #expect(abs((c.last ?? 0) - 1) < 1e-6 && zip(p, p.dropFirst()).allSatisfy { $0 > $1 })
        #expect(example.mask(.hard) == p.indices.map { $0 <= reached ? 1 : 0 })
        #expect(example.mask(.inclusive) == c.map { $0 <= example.topP ? 1 : 0 })
        for (m, c) in zip(example.mask(.soft), c) {
            #expect(abs(m - exp(-30 * max(min(c, 1) - example.topP, 0))) < 1e-12)
        }
        for filter in NucleusFilter.allCases { #expect(abs(example.renormalised(filter).reduce(0, +) - 1) < 1e-12) }
        #expect(try html().contains("m = exp(−α·relu(c − P̂)), α = 30"))
    }

    @Test func theDiagnosisHasItsWordsItsChartAndItsTable() throws {
        let html = try html()
        let diagnosis = try ReportFixture.diagnosis()
        #expect(html.contains(escaped(diagnosis.words)) && html.contains(escaped(diagnosis.table)))
        #expect(html.contains("Entropy quartile 4, mean 3.50 nats") && html.contains("on 40 trajectories"))
    }

    @Test func commandsSayTheirChangesAndHowConsistentTheyAre() throws {
        let html = try html()
        let line = try #require(html.firstMatch(of: /<th scope="row">“certain”<\/th>(.*?)<\/tr>/))
        let cells = line.1.matches(of: />([^<]*)<\/td>/).map { String($0.1) }
        #expect(
            cells == [
                "0.607", "−0.005 (−0.008 to −0.002)", "61", "0.929", "no difference shown (−0.006 to +0.002)", "53",
            ])
        #expect(html.contains("Over 100 problems"))
    }

    @Test func generationsSayInWordsHowTheyTurnedOut() throws {
        let html = try html()
        let options = html.matches(of: /<option>([^<]*)<\/option>/).map { String($0.1) }
        try #require(options.count == 12)
        #expect(
            options[0] == "1: AutoDeco, correct, Use 3, 8, 25 and 4 to make 40."
                && options[4].hasPrefix("5: AutoDeco, wrong, truncated, "))
        #expect(
            html.matches(of: /<span class="mark good">correct</).count == 8
                && html.matches(of: /<span class="mark bad">wrong</).count == 4)
        #expect(html.matches(of: /<span class="mark bad">truncated: cut off before it ended</).count == 1)
        #expect(html.matches(of: /data-n="/).count == 12 * 20)
    }

    @Test func longCompletionsAreShownInPartAndSaySo() throws {
        let html = try html { results in
            results.generations = [results.generations[0]]
            results.generations[0].tokens = Array(repeating: results.generations[0].tokens[0], count: 2500)
        }
        #expect(
            html.matches(of: /data-n="/).count == EvaluationReport.longestView
                && html.contains("2500 tokens, the first 2000 shown"))
    }

    @Test func hostileTextStaysText() throws {
        let hostile = "</script><script>alert(1)</script><img src=x onerror=\"a()\">' \" & \u{202E}\u{0}"
        let html = try html { results in
            results.model = hostile
            results.problemFile = hostile
            results.configuration = hostile
            results.missing = [hostile]
            for index in results.generations.indices {
                results.generations[index].problem = hostile
                results.generations[index].prompt = hostile
                results.generations[index].method = hostile
                results.generations[index].tokens[0].text = hostile
            }
            for index in results.rows.indices { results.rows[index].name += hostile }
            results.commands[1].command = hostile
        }
        #expect(html.matches(of: /<script/).count == 1)
        #expect(
            !html.contains("<img") && !html.contains("\u{202E}") && !html.contains("\u{0}")
                && !html.contains("onerror=\""))
        #expect(
            html.firstMatch(of: /(src|href|action)="(?!#|data:,")/) == nil
                && html.firstMatch(of: /https?:|url\(|fetch\(|import\(/) == nil)
    }

    @Test func theSameResultsGiveTheSameBytes() throws {
        let results = try ReportFixture.complete()
        let again = try JSONDecoder().decode(EvaluationResults.self, from: JSONEncoder().encode(results))
        #expect(EvaluationReport(results).page.html == EvaluationReport(again).page.html)
    }

    @Test func thePageIsWrittenWholeAndAMissingFolderIsTold() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "evaluation-report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let report = EvaluationReport(ReportFixture.barest)
        try report.write(to: folder.appending(path: "report.html"))
        #expect(try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8) == report.page.html)
        #expect(throws: ReportsError.self) { try report.write(to: folder.appending(path: "none/report.html")) }
    }
}
