// What is kept in a file may be damaged, or written by somebody else: nothing of it is believed before it is checked.

extension ProblemOutcome {
    private static let largest = 1 << 40

    /// What cannot be about the counts, in words; nil where they can be those of some samples.
    var flaw: String? {
        // Sums over problems and seeds must not overflow.
        if !(1...Self.largest).contains(samples) { return "found \(samples) samples, expected 1 to \(Self.largest)" }
        for (name, count) in [("correct", correct), ("truncated", truncated), ("not judged", faults)]
        where !(0...samples).contains(count) {
            return "found \(count) \(name) of \(samples) samples, expected 0 to \(samples)"
        }
        // No sample is two of them: each count is at most `samples`, so that neither difference overflows.
        if correct > samples - truncated || faults > samples - truncated - correct {
            return "found \(correct) correct, \(truncated) truncated and \(faults) not judged of \(samples) samples, "
                + "expected \(samples) together at most"
        }
        if !(0...Self.largest).contains(tokens) { return "found \(tokens) tokens, expected 0 to \(Self.largest)" }
        if let free = freeTokens, !(0...tokens).contains(free) {
            return "found \(free) of \(tokens) tokens with a choice, expected 0 to \(tokens)"
        }
        if (faults > 0) != (firstFault != nil) {
            return "found \(faults) not judged \(firstFault == nil ? "without" : "with") a reason"
        }
        if !(temperatureSum >= 0 && temperatureSum.isFinite) {
            return "found temperatures of sum \(temperatureSum), expected a finite number from 0 up"
        }
        // Rounding of a long sum of ones is far below a millionth of it.
        if !(topPSum >= 0 && topPSum <= Double(tokens) * (1 + 1e-6)) {
            return "found top-ps of sum \(topPSum) over \(tokens) tokens, expected 0 to \(tokens)"
        }
        return nil
    }
}

/// What a kept file is held against.
package struct Expected {
    /// Names of the problems, in order.
    var problems: [String]
    /// Completions a problem.
    var samples: Int
    /// Longest completion.
    var maxTokens: Int

    package init(problems: [String], samples: Int, maxTokens: Int) {
        (self.problems, self.samples, self.maxTokens) = (problems, samples, maxTokens)
    }

    /// What cannot be about a run, in words; nil where it can be one of these problems and samples.
    func flaw(_ run: MethodRun) -> String? {
        if !(run.seconds >= 0 && run.seconds.isFinite) {
            return "found \(run.seconds) seconds, expected a finite number from 0 up"
        }
        return flaw(run.outcomes)
    }

    /// What cannot be about outcomes, in words; nil where they can be those of these problems and samples.
    package func flaw(_ outcomes: Outcomes) -> String? {
        let found = outcomes.problems
        if found.count != problems.count {
            return "found outcomes of \(found.count) problems, expected \(problems.count)"
        }
        for (outcome, problem) in zip(found, problems) {
            if outcome.problem != problem { return "found problem \(outcome.problem), expected \(problem)" }
            if let flaw = outcome.flaw { return "problem \(problem): \(flaw)" }
            if outcome.samples != samples {
                return "problem \(problem): found \(outcome.samples) samples, expected \(samples)"
            }
            if Double(outcome.tokens) > Double(samples) * Double(maxTokens) {
                return "problem \(problem): found \(outcome.tokens) tokens in \(samples) samples, "
                    + "expected at most \(maxTokens) each"
            }
        }
        return nil
    }

    /// What cannot be about completions that are shown token by token, one of each problem.
    func flaw(_ generations: [EvaluationResults.Generation]) -> String? {
        if generations.map(\.problem) != problems {
            return "found \(generations.count) completions of other problems, expected those of \(problems.count)"
        }
        for generation in generations {
            if generation.tokens.count > maxTokens {
                return "problem \(generation.problem): found \(generation.tokens.count) tokens, "
                    + "expected at most \(maxTokens)"
            }
            for (place, token) in generation.tokens.enumerated() {
                let ranges: [(String, Double, ClosedRange<Double>)] = [
                    ("temperature", token.temperature, 0...1e20), ("top-p", token.topP, 0...1),
                    ("probability", token.probability, 0...1 + 1e-6),
                    ("entropy", token.entropy, 0...1e3),
                ]
                for (name, value, range) in ranges where !range.contains(value) {
                    return "problem \(generation.problem): found \(name) \(value) at token \(place + 1), "
                        + "expected \(range.lowerBound) to \(range.upperBound)"
                }
            }
        }
        return nil
    }
}
