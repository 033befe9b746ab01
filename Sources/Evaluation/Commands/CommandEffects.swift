import Scoring
import Tasks

extension EvaluationResults.CommandEffect {
    /// What words in the prompt do to the knobs, problem by problem.
    ///
    /// - Parameters:
    ///   - plain: without a word.
    ///   - spoken: with each word, on the same problems.
    /// - Returns: a row without a word, and one for each word.
    static func effects(
        plain: Outcomes, spoken: [(command: Countdown.Command, outcomes: Outcomes)], _ resamples: Resamples
    ) -> [Self] {
        let temperatures = plain.problems.map(\.meanTemperature), topPs = plain.problems.map(\.meanTopP)
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let none = Self(
            command: nil, problems: plain.problems.count, meanTemperature: mean(temperatures), meanTopP: mean(topPs),
            temperatureChange: nil,
            topPChange: nil, temperatureConsistency: nil, topPConsistency: nil)
        return [none]
            + spoken.map { command, outcomes in
                let warmer = outcomes.problems.map(\.meanTemperature), wider = outcomes.problems.map(\.meanTopP)
                /// Share of the problems that move as the word says.
                func consistency(_ after: [Double], _ before: [Double]) -> Double {
                    let moves = zip(after, before).map { command == .certain ? $1 - $0 : $0 - $1 }
                    return Double(moves.count { $0 > 0 }) / Double(moves.count)
                }
                return Self(
                    command: command.rawValue, problems: outcomes.problems.count, meanTemperature: mean(warmer),
                    meanTopP: mean(wider),
                    temperatureChange: resamples.difference(warmer, temperatures),
                    topPChange: resamples.difference(wider, topPs),
                    temperatureConsistency: consistency(warmer, temperatures),
                    topPConsistency: consistency(wider, topPs))
            }
    }
}
