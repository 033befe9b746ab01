import AutoDecoHeads

extension TrainingSettings {
    /// What the optimum of these settings is on text that the model sampled itself, in a sentence, where it is not the
    /// best decoding; nil where it is.
    ///
    /// With V the chance of success after a token, plain cross-entropy aims at q ∝ p·V, Dynamic Fine-Tuning at
    /// q ∝ p²·V: where V is flat, T̂ = 0.5 in place of 1. Masking easy tokens takes weight from the arg max.
    public var noteOnSelfSampledText: String? {
        let remedy = "set training.dynamicFineTuning to false and training.easyTokenDrop to 0 for q ∝ p·V"
        let isMasked = loss.easyTokenDropRate > 0
        switch (loss.dynamicFineTuning, isMasked) {
        case (true, false):
            return "the trajectories are the model's own samples, of which Dynamic Fine-Tuning has its optimum at "
                + "q ∝ p²·V, V being the chance of success after a token: T̂ halves at free choices, round by round "
                + "again, towards a constant near 0; \(remedy)"
        case (false, true):
            return "the trajectories are the model's own samples, of which easy-token masking takes weight from the "
                + "likeliest token, so that the optimum's T̂ is too high; \(remedy)"
        case (true, true):
            return
                "the trajectories are the model's own samples, on which Dynamic Fine-Tuning halves T̂ at free choices "
                + "(its optimum is q ∝ p²·V) and easy-token masking raises it: the two cancel only by chance; \(remedy)"
        case (false, false): return nil
        }
    }
}
