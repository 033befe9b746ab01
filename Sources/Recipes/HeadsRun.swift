import Files
import Foundation
import HiddenStateCache
import Scoring
import Training

/// The training run that heads come from, as far as it can be told: its `config.json` lies beside the heads' folder.
public struct HeadsRun: Sendable {
    /// The heads' folder.
    public let heads: URL
    /// What the run was told; nil where nothing beside the heads tells it.
    public let settings: TrainingSettings?
    /// Why it is not known, in words; nil where it is.
    public let obstacle: String?
    private let folder: RunFolder

    /// Which trajectories the run held out; nil where it is not known.
    public var split: TrajectorySplit? { settings?.split }
    /// The run's own objective and weights; nil where they are not known.
    public var loss: ObjectiveLoss? { settings.map { ObjectiveLoss($0.loss, heads: $0.heads) } }

    /// - Parameter heads: the heads' folder.
    public init(heads: URL) {
        self.heads = heads
        folder = RunFolder(heads.standardizedFileURL.deletingLastPathComponent())
        let path = folder.configuration.path
        guard folder.heads.lastPathComponent == heads.standardizedFileURL.lastPathComponent,
            FileManager.default.fileExists(atPath: path)
        else {
            (settings, obstacle) = (nil, "the run that made them is not beside them")
            return
        }
        do {
            let configuration = try RunConfiguration(path: path)
            // Other folders hold a config.json, too: a run's says all of its training.
            let data = try Data(file: path)
            guard case .object(let sections) = try JSONValue(json5: data), sections["training"] != nil else {
                (settings, obstacle) = (nil, "\(path) has no section training, so that it is no run's")
                return
            }
            (settings, obstacle) = (configuration.training.settings, nil)
        } catch {
            (settings, obstacle) = (nil, "\(error)")
        }
    }

    /// Which split is used where the run's own and another one that somebody asks for differ.
    public enum Choice: Sendable {
        /// The run's own.
        case own
        /// The one that is asked for.
        case asked
    }

    /// One sentence where the run's split is not the one that is asked for, or is not known; nil where they agree.
    ///
    /// - Parameters:
    ///   - asked: the split that a configuration or command line names.
    ///   - place: where it is named, for the message.
    ///   - choice: which of the two is used where they differ.
    public func note(beside asked: TrajectorySplit, of place: String, using choice: Choice = .own) -> String? {
        func words(_ split: TrajectorySplit) -> String {
            "seed \(split.seed), fraction \(split.validationFraction)"
        }
        let name = heads.relativePath
        guard let split else {
            return "\(name): it is not known which trajectories these heads were trained on, \(obstacle ?? "unknown"); "
                + "those held out by \(place) are used (\(words(asked)))."
        }
        guard split != asked else { return nil }
        let consequence =
            choice == .own
            ? "the run's own is used." : "some of the tokens that are taken for held-out ones were trained on."
        return "\(name): these heads were trained with another split than \(place) names (\(words(split)) in "
            + "place of \(words(asked))); \(consequence)"
    }

    /// One sentence where the run did not hold out what its split holds out of a cache; nil where it did, and where the
    /// run is not known.
    ///
    /// - Parameter cache: whose tokens are taken for held-out ones.
    public func note(on cache: HiddenStateCache) -> String? {
        guard settings != nil else { return nil }
        let doubt = "some of the tokens that are taken for held-out ones may have been trained on."
        switch folder.heldOut(from: cache) {
        case .thisCache: return nil
        case .another:
            return "\(heads.relativePath): these heads were trained on another cache than "
                + "\(cache.folder.relativePath), or by another version of this program; \(doubt)"
        case .unknown:
            return "\(heads.relativePath): the run's checkpoint is not beside these heads, so that it is not known "
                + "whether they were trained on \(cache.folder.relativePath); \(doubt)"
        }
    }
}
