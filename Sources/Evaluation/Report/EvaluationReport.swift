import Foundation
import Reports
import Scoring

/// `report.html`: what an evaluation found, on one page that needs nothing else.
///
/// A section whose data is not there is left out, or says why in a sentence. The same results give the same bytes.
public struct EvaluationReport {
    let results: EvaluationResults

    public init(_ results: EvaluationResults) { self.results = results }

    public var page: Page {
        var page = Page(
            "Evaluation report",
            subtitle:
                "\(results.model), \(Words.count(results.problems, "problem")) of \(results.problemFile), "
                + "\(Words.count(results.seeds.count, "seed"))"
        )
        page.add("Result", warnings + result)
        page.add("All methods", table)
        if !results.curves.isEmpty { page.add("Pass@k", curves) }
        if let grid = results.grid { page.add("The grid of static pairs", self.grid(grid)) }
        if let tuning = results.tuning { page.add("Expert-guided tuning", self.tuning(tuning)) }
        if let ablation { page.add("What each head gives", ablation) }
        page.add("What P̂ means", nucleus)
        if autoDeco != nil || results.diagnosis != nil { page.add("Better mean or token-level control", diagnosis) }
        if !results.commands.isEmpty { page.add("Commands in the prompt", commands) }
        if !results.generations.isEmpty { page.add("Single generations", generations) }
        if !results.notes.isEmpty { page.add("Not measured", results.notes.map { .paragraph($0) }) }
        page.add("Configuration", [.collapsible("Resolved configuration", [.code(results.configuration)])])
        return page
    }

    /// Writes the page whole or not at all.
    ///
    /// - Throws: `ReportsError` with the file's path and the reason.
    public func write(to url: URL) throws { try page.write(to: url.path) }

    // MARK: Rows by what they are

    func row(_ role: EvaluationResults.Role) -> EvaluationResults.Row? { results.row(role) }
    func rows(_ group: EvaluationResults.Group) -> [EvaluationResults.Row] { results.rows.filter { $0.group == group } }

    /// The row that the page is about.
    var autoDeco: EvaluationResults.Row? { row(.autoDeco) ?? rows(.autoDeco).first }

    /// AutoDeco − the row at pass@1, whichever way round it was compared.
    func advantage(over row: EvaluationResults.Row) -> Estimate? {
        guard let autoDeco, row.name != autoDeco.name else { return nil }
        return results.difference(autoDeco, row)
    }
}
