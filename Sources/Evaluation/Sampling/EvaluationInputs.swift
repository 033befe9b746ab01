import Backbone
import Files
import Foundation
import HiddenStateCache
import Tasks

/// What is evaluated, and on what: settings, paths, and problems that are read already.
public struct EvaluationInputs: Sendable {
    /// Receives results, report, and what has been sampled for them.
    public var folder: URL
    /// What is compared, and how much is sampled.
    public var settings: EvaluationSettings
    /// Folder of the language model, and what reports call it; nil takes the folder's last path component.
    public var modelFolder: String
    public var modelName: String?
    /// Of the model's matrix products.
    public var precision = ProductPrecision.Choice.float
    /// Whether heads that were fitted to another model of the same sizes may decode it.
    public var acceptsAnyHeads = false
    /// The problems that are measured, the file that they come from, and who judges.
    public var problemFile: String
    public var problems: [Problem]
    public var verifier: any Verifier
    /// How a problem becomes a prompt.
    public var rendering: PromptRendering
    /// Texts before which a completion ends.
    public var stops: [String] = []
    /// The same with a spoken command in front; empty where no command is tried.
    public var spokenRenderings: [(command: Countdown.Command, rendering: PromptRendering)] = []
    /// Folder of the heads that are measured; nil measures static decoding alone.
    public var heads: String?
    /// Folders of further heads, each measured under all three filters.
    public var otherHeads: [String] = []
    /// Folders of heads that those are held against: planted by hand, fitted by the paper's recipe, improved round by
    /// round; nil where there are none.
    public var planted, paperRecipe, improved: String?
    /// The cache that the heads' mean and the diagnosis come from, and the split that their training made.
    public var cacheFolder: String?
    public var split: TrajectorySplit
    /// Whether their training weighed labels by their base probability: the diagnosis weighs them in the same way.
    public var isWeighted = false
    /// Problems for the heads' mean where there is no cache, and their file.
    public var validationFile: String?
    public var validationProblems: [Problem]?
    /// What becomes of a problem, and who judges what comes of it: part of what kept outcomes are found by.
    public var task: Fingerprint
    /// The resolved configuration, as JSON.
    public var configuration: String
    /// What cannot be measured, or is not known, and why: a sentence each.
    public var notes: [String] = []

    /// Inputs without heads; set these afterwards.
    public init(
        folder: URL, settings: EvaluationSettings, modelFolder: String, problemFile: String, problems: [Problem],
        verifier: any Verifier, rendering: PromptRendering, split: TrajectorySplit, task: Fingerprint,
        configuration: String
    ) {
        (self.folder, self.settings, self.modelFolder) = (folder, settings, modelFolder)
        (self.problemFile, self.problems, self.verifier) = (problemFile, problems, verifier)
        (self.rendering, self.split, self.task, self.configuration) = (rendering, split, task, configuration)
    }
}
