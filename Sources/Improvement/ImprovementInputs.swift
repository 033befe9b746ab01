import Evaluation
import Files
import Foundation
import HiddenStateCache
import Training
import Trajectories

/// What is improved, and on what: settings, samplers of problems, and the parts of a round.
public struct ImprovementInputs: Sendable {
    /// Receives rounds, results and report.
    public var folder: URL
    public var settings: ImprovementSettings
    /// Folder of the language model.
    public var modelFolder: String
    /// Problems that rounds sample, those that rounds are compared on, and those that the best one is measured on.
    public var train, validation, test: ProblemSampler
    /// How round 0 samples, and what its trajectories call that.
    public var firstMethod: Method
    public var firstPolicyName: String
    /// How completions are sampled and kept; round r takes its seed + r.
    public var sampling: SamplingSettings
    /// Problems a block.
    public var blockSize: Int
    /// The form of a round's cache, and tokens a file of it.
    public var cache: CacheDescription
    public var shardTokens: Int
    /// How round 0 fits heads, and what a run of given settings keeps of where these come from.
    public var training: TrainingSettings
    public var record: @Sendable (TrainingSettings) -> RunRecord
    /// The heads' filter, the search of the best constant pair, and how much is sampled to measure.
    public var evaluation: EvaluationSettings
    /// Digits that stand for the model's files.
    public var modelDigits: String
    /// What decides over what a round does, by name.
    public var roundFingerprint: Fingerprint
    /// What decides over what a method reaches on validation problems and on test problems, beside the method.
    public var validationFingerprint, testFingerprint: Fingerprint

    public init(
        folder: URL, settings: ImprovementSettings, modelFolder: String, train: ProblemSampler,
        validation: ProblemSampler, test: ProblemSampler, firstMethod: Method, firstPolicyName: String,
        sampling: SamplingSettings, blockSize: Int, cache: CacheDescription, shardTokens: Int,
        training: TrainingSettings, record: @escaping @Sendable (TrainingSettings) -> RunRecord,
        evaluation: EvaluationSettings, modelDigits: String,
        roundFingerprint: Fingerprint, validationFingerprint: Fingerprint, testFingerprint: Fingerprint
    ) {
        (self.folder, self.settings, self.modelFolder) = (folder, settings, modelFolder)
        (self.train, self.validation, self.test) = (train, validation, test)
        (self.firstMethod, self.firstPolicyName) = (firstMethod, firstPolicyName)
        (self.sampling, self.blockSize) = (sampling, blockSize)
        (self.cache, self.shardTokens) = (cache, shardTokens)
        (self.training, self.record, self.evaluation) = (training, record, evaluation)
        (self.modelDigits, self.roundFingerprint) = (modelDigits, roundFingerprint)
        (self.validationFingerprint, self.testFingerprint) = (validationFingerprint, testFingerprint)
    }

    /// Places in ``train`` that a round samples: the next slice, after the last problem the first again.
    func places(ofRound round: Int) -> [Int] {
        let count = train.problems.count, size = min(settings.problems, count)
        return (0..<size).map { (round * size + $0) % count }
    }

    /// Completions that a round samples.
    var completionsPerRound: Int { min(settings.problems, train.problems.count) * settings.samples }
}
