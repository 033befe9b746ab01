import Configuration
import Improvement

/// Rounds of sampling with heads and fitting them anew.
public struct ImproveSection: Section {
    /// Output folder: rounds, improve.json, report.html.
    public var folder: String?
    /// How many rounds, and how large. The keys below lie side by side in a file.
    public var settings = ImprovementSettings()

    public init() {}

    package static let name = "improve"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("rounds", \.settings.rounds, .within(0...1000)),
        Key("problems", \.settings.problems, .within(1...1_000_000_000)),
        Key("samples", \.settings.samples, .within(1...1_000_000)),
        Key("objective", \.settings.objective),
        Key("start", \.settings.start),
        Key("steps", \.settings.steps, .within(1...1_000_000_000)),
        Key("learningRate", \.settings.learningRate, .above(0)),
        Key("validationProblems", \.settings.validationProblems, .within(1...1_000_000_000)),
        Key("patience", \.settings.patience, .within(1...1000)),
        Key("keepRounds", \.settings.keepRounds),
        Key("planted", \.settings.planted, .path),
    ]
}

extension ImprovementSettings.Objective: KeyChoice, KeyValue {}
extension ImprovementSettings.Start: KeyChoice, KeyValue {}
