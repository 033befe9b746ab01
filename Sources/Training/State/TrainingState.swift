import AutoDecoHeads
import Scoring
import Tensor

/// All that a run is, between two steps: from this and the configuration everything after it follows.
///
/// There is no state of a random generator: the order of the data and the draws are functions of the seed and of the
/// step's number (``StepPlan``).
struct TrainingState: Sendable {
    /// Heads being trained, in the order of ``HeadsParameters/named``, and their moments. The optimiser counts the
    /// steps.
    var parameters: [Tensor<Float>]
    var optimizer: AdamW<Float>
    /// The heads with the lowest validation loss so far, and when that was.
    var bestParameters: [Tensor<Float>]
    var progress = Progress()

    /// Steps done.
    var step: Int { optimizer.step }

    struct Progress: Sendable, Equatable, Codable {
        /// The best validation so far; nil before the first, and without held-out trajectories.
        var best: Best?
        /// Validations since then.
        var validationsSinceBest = 0
        /// The step of the last validation.
        var lastValidation: Int?
        var yardsticks: Yardsticks?
        /// Tokens that steps have taken, all epochs together.
        var tokens = 0
        var kept = 0
        /// Why training ended before its last step; nil where it has not.
        var earlyStop: String?
    }

    struct Best: Sendable, Equatable, Codable {
        var step: Int
        /// Over all held-out tokens, and over those that choose.
        var loss: Double
        var choosingLoss: Double
    }

    init(heads: AutoDecoHeads<Float>, settings: AdamWSettings) {
        parameters = heads.parameters.named.map(\.value)
        bestParameters = parameters
        optimizer = AdamW(
            shapes: parameters.map(\.shape), decays: Self.decays(heads.parameters.named.map(\.name)), settings: settings
        )
    }

    /// Weights lose by weight decay, biases do not.
    static func decays(_ names: [String]) -> [Bool] { names.map { $0.hasSuffix(".weight") } }

    init(parameters: [Tensor<Float>], optimizer: AdamW<Float>, bestParameters: [Tensor<Float>], progress: Progress) {
        (self.parameters, self.optimizer, self.bestParameters, self.progress) = (
            parameters, optimizer, bestParameters, progress
        )
    }
}
