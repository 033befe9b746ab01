import Foundation
import Testing

@testable import Tasks

/// The problem files that the project carries.
@Suite struct CountdownProblemsTests {
    private func problems(_ name: String) throws -> [Problem] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try ProblemFile.read(root.appendingPathComponent("data/countdown/\(name).jsonl").path, for: .countdown)
    }

    /// Of each problem its numbers, in order, and its target.
    private func sets(_ problems: [Problem]) -> [[Int]] {
        problems.compactMap {
            if case .countdown(let countdown) = $0.answer {
                countdown.numbers.sorted() + [countdown.target]
            } else {
                nil
            }
        }
    }

    @Test func thereAreEnough() throws {
        #expect(
            try problems("validation").count >= 300 && problems("test").count >= 500 && problems("train").count >= 5_000
        )
    }

    @Test func noProblemStandsTwiceInOrAcrossFiles() throws {
        let files = try ["train", "validation", "test"].flatMap { try problems($0) }, all = sets(files)
        #expect(all.count == files.count && all.count == Set(all).count)
    }

    @Test func everyProblemCanBeSolved() throws {
        for problem in try problems("test") + problems("validation") {
            guard case .countdown(let countdown) = problem.answer else {
                Issue.record("\(problem.id) is another problem")
                continue
            }
            let attempts = solutions(countdown.numbers, target: countdown.target)
            #expect(attempts.contains { CountdownVerifier().verdict(on: $0, of: problem).isCorrect }, "\(problem.id)")
        }
    }

    /// Every completion of one attempt, right or wrong, with the verdict of a hit.
    private func solutions(_ numbers: [Int], target: Int) -> [String] {
        func results(_ a: Int, _ b: Int) -> [(String, Int)] {
            let (a, b) = (max(a, b), min(a, b))
            return [("\(a)+\(b)=\(a + b)", a + b), ("\(a)-\(b)=\(a - b)", a - b), ("\(a)*\(b)=\(a * b)", a * b)]
                + (b > 0 && a % b == 0 ? [("\(a)/\(b)=\(a / b)", a / b)] : [])
        }
        return [(0, 1, 2), (0, 2, 1), (1, 2, 0)].flatMap { i, j, rest in
            results(numbers[i], numbers[j]).flatMap { step, value in
                results(value, numbers[rest]).filter { $0.1 == target }.map { "\(step),\($0.0)!" }
            }
        }
    }
}
