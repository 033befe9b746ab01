import Foundation
import HiddenStateCache
import Training

/// The training run that heads come from, as far as it can be told: its `config.json` lies beside the heads' folder.
public struct HeadsRun: Sendable {
    /// The heads' folder.
    public let heads: URL
    /// Which trajectories the run held out; nil where nothing beside the heads tells it.
    public let split: TrajectorySplit?

    /// - Parameter heads: the heads' folder.
    public init(heads: URL) {
        self.heads = heads
        let run = RunFolder(heads.standardizedFileURL.deletingLastPathComponent())
        // Other folders hold a config.json, too: a run's has a section of training.
        guard run.heads.lastPathComponent == heads.standardizedFileURL.lastPathComponent,
            let configuration = try? RunConfiguration(path: run.configuration.path)
        else {
            split = nil
            return
        }
        split = configuration.training.settings.split
    }

    /// One sentence where the run's split is not the one that is asked for, or is not known; nil where they agree.
    ///
    /// - Parameters:
    ///   - asked: the split that a configuration or command line names.
    ///   - place: where it is named, for the message.
    public func note(beside asked: TrajectorySplit, of place: String) -> String? {
        func words(_ split: TrajectorySplit) -> String {
            "seed \(split.seed), fraction \(split.validationFraction)"
        }
        guard let split else {
            return
                "\(heads.relativePath): the run that made these heads is not beside them, so that it is not known "
                + "which "
                + "trajectories they were trained on; those held out by \(place) are used (\(words(asked)))."
        }
        guard split != asked else { return nil }
        return
            "\(heads.relativePath): these heads were trained with another split than \(place) names (\(words(split)) "
            + "in "
            + "place of \(words(asked))); the run's own is used."
    }
}
