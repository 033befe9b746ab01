import Scoring
import Tasks

extension EvaluationResults.CommandEffect {
    /// What words in the prompt do to the knobs, problem by problem.
    ///
    /// - Parameters:
    ///   - plain: without a word.
    ///   - spoken: with each word, on the same problems.
    /// - Returns: a row without a word, and one for each word; nothing where no problem has tokens under all of them.
    static func effects(
        plain: Outcomes, spoken: [(command: Countdown.Command, outcomes: Outcomes)], _ resamples: Resamples
    ) -> [Self] {
        // A problem without a single token has no mean.
        let kept = plain.problems.indices.filter { place in
            ([plain] + spoken.map(\.outcomes)).allSatisfy { $0.problems[place].tokens > 0 }
        }
        guard !kept.isEmpty else { return [] }
        func values(_ outcomes: Outcomes, _ knob: KeyPath<ProblemOutcome, Double?>) -> [Double] {
            kept.compactMap { outcomes.problems[$0][keyPath: knob] }
        }
        let resamples = kept.count == resamples.problems ? resamples : Resamples(problems: kept.count)
        let temperatures = values(plain, \.meanTemperature), topPs = values(plain, \.meanTopP)
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let none = Self(
            command: nil, problems: kept.count, meanTemperature: mean(temperatures), meanTopP: mean(topPs),
            temperatureChange: nil,
            topPChange: nil, temperatureConsistency: nil, topPConsistency: nil)
        return [none]
            + spoken.map { command, outcomes in
                let warmer = values(outcomes, \.meanTemperature), wider = values(outcomes, \.meanTopP)
                /// Share of the problems that move as the word says.
                func consistency(_ after: [Double], _ before: [Double]) -> Double {
                    let moves = zip(after, before).map { command == .certain ? $1 - $0 : $0 - $1 }
                    return Double(moves.count { $0 > 0 }) / Double(moves.count)
                }
                return Self(
                    command: command.rawValue, problems: kept.count, meanTemperature: mean(warmer),
                    meanTopP: mean(wider),
                    temperatureChange: resamples.difference(warmer, temperatures),
                    topPChange: resamples.difference(wider, topPs),
                    temperatureConsistency: consistency(warmer, temperatures),
                    topPConsistency: consistency(wider, topPs))
            }
    }
}
