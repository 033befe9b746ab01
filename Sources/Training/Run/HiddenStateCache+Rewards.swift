import HiddenStateCache

extension HiddenStateCache {
    /// The trajectories that the reward objective learns from: those of groups whose completions did not all earn the
    /// same, in the order of their lines.
    ///
    /// - Throws: ``TrainingError`` where there are none, or where the cache does not know what it needs.
    func informative() throws -> [TrajectoryIndex] {
        func refuse(_ sentence: String) -> TrainingError {
            TrainingError(.unsuitableData, "\(folder.path): \(sentence)")
        }
        guard let rewards, knowsBehaviour else {
            throw refuse(
                "knows no \(rewards == nil ? "rewards" : "behaviour log-probabilities"), expected both as "
                    + "training.objective = \"reward\" needs them; collect with collect.keepAll = true")
        }
        let advantages = rewards.advantages, found = drawn.filter { advantages[$0.number] != 0 }
        guard !found.isEmpty else {
            throw refuse(
                "the completions of each problem all earned the same, expected at least one problem with right and "
                    + "wrong ones as training.objective = \"reward\" needs; more samples a problem may help")
        }
        return found
    }
}
