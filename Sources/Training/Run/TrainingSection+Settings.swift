import AutoDecoHeads
import Configuration
import HiddenStateCache

// The configuration's words as the settings of those who do the work.

extension TrainingSection {
    var headSelection: HeadSelection {
        switch heads {
        case .both: .both
        case .temperature: .temperature
        case .topP: .topP
        }
    }

    /// The heads that are fitted, for hidden states of so many columns.
    func headsConfiguration(hiddenSize: Int) -> HeadsConfiguration {
        HeadsConfiguration(hiddenSize: hiddenSize, heads: headSelection, enhancedFeatures: enhancedFeatures)
    }

    var lossObjective: Objective {
        switch objective {
        case .joint: .joint
        case .released: .released
        }
    }

    var lossSettings: LossSettings {
        var settings = LossSettings()
        settings.objective = lossObjective
        settings.constants.steepness = alpha
        settings.dynamicFineTuning = dynamicFineTuning
        settings.easyTokenDropRate = easyTokenDrop
        settings.detachesTemperature = detachTemperature
        return settings
    }

    /// The loss that validation reports: with Dynamic Fine-Tuning whatever training does, and nothing dropped, so that runs compare.
    var validationSettings: LossSettings {
        var settings = lossSettings
        settings.dynamicFineTuning = true
        settings.easyTokenDropRate = 0
        return settings
    }

    var adamW: AdamWSettings {
        var settings = AdamWSettings()
        (settings.beta1, settings.beta2, settings.epsilon, settings.weightDecay) = (beta1, beta2, epsilon, weightDecay)
        return settings
    }

    var learningRateSchedule: Schedule {
        let decay: Schedule.Decay =
            switch schedule {
            case .constant: .constant
            case .linear: .linear
            case .cosine: .cosine
            }
        return Schedule(decay: decay, peak: learningRate, warmupSteps: warmupSteps, steps: steps)
    }

    var split: TrajectorySplit { TrajectorySplit(validationFraction: validationFraction, seed: UInt64(seed)) }

    /// Whether a step needs tokens that easy-token masking drops: the released top-p term is over all tokens.
    var readsDroppedTokens: Bool { objective == .released && heads != .temperature }
}
