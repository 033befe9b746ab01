import Evaluation
import Files
import Foundation
import Tasks
import Trajectories

// Problems, what completions say of them, and what sampling leaves behind.

extension Artefacts {
    mutating func addProblems() throws {
        let boxed =
            #"{"problem": "\\frac12+x", "gt": "\\frac{3}{4}", "id": "a"}"# + "\n" + #"{"problem": "2+2=", "gt": 4}"#
        let choice =
            #"{"question": "2+2?", "options": ["3", "4"], "answer": "B", "question_id": 7}"# + "\n"
            + #"{"problem": "2+2? A. 3 B. 4", "gt": "B"}"#
        let sound: [(VerifierName, String)] = [
            (
                .countdown,
                #"{"id": "t-1", "numbers": [3, 12, 11], "target": 99}"# + "\n" + #"{"numbers": [3, 4], "target": 7}"#
            ),
            (.boxed, boxed), (.exact, boxed), (.choice, choice),
            (.choice, "[" + choice.replacingOccurrences(of: "\n", with: ",") + "]"),
        ]
        for (number, (verifier, text)) in sound.enumerated() {
            let here = try place("problems \(number)"), name = "problems.jsonl", judge = try verifier.verifier()
            try Data(text.utf8).write(to: here.appendingPathComponent(name))
            add(
                try Artefact("problems of \(verifier)", folder: here) { folder in
                    for problem in try ProblemFile.read(folder.appendingPathComponent(name).path, for: verifier) {
                        _ = judge.verdict(on: "3 + 4 = 7\n\\boxed{\\frac{3}{4}} The answer is B", of: problem)
                        if case .text(let answer) = problem.answer {
                            _ = judge.verdict(on: "\\boxed{\(answer)}", of: problem)
                        }
                    }
                })
        }
        try addCompletions()
    }

    /// What a model writes is as foreign as a file.
    private mutating func addCompletions() throws {
        let here = try place("completions"), name = "completions.jsonl"
        let texts = [
            #"so \\boxed{\\frac{3}{4}, -2\\sqrt{3}}"#,
            #"\\boxed{(1, 2] \\cup \\{3, 4\\}} or \\boxed{2^{10} - 1{,}000}"#,
            #"\\boxed{3\\frac{1}{2}\\text{ km}} and 50\\% of \\pm 3"#,
            "The answer is (B) because 3 + 12 = 15, 15 * 11 = 165",
            "3 + 4 = 7", #"{\"answer\": \"C\"}"#,
        ]
        try Data(texts.map { "{\"completion\": \"\($0)\"}\n" }.joined().utf8).write(
            to: here.appendingPathComponent(name))
        let judges: [(any Verifier, Problem)] = [
            (BoxedVerifier(), Problem(id: "a", text: "", answer: .text(#"\frac{3}{4}"#))),
            (ChoiceVerifier(), Problem(id: "a", text: "", answer: .text("B"))),
            (ExactVerifier(), Problem(id: "a", text: "", answer: .text("3 + 4 = 7"))),
            (
                CountdownVerifier(),
                Problem(id: "a", text: "", answer: .countdown(Countdown(numbers: [3, 4], target: 7)))
            ),
        ]
        struct Line: Decodable { var completion: String }
        add(
            try Artefact("completions", folder: here) { folder in
                let lines = try JSONLines(
                    path: folder.appendingPathComponent(name).path, form: "such as {\"completion\": \"4\"}")
                while let line = try lines.next(Line.self) {
                    for (judge, problem) in judges { _ = judge.verdict(on: line.completion, of: problem) }
                }
            })
    }

    mutating func addEvaluation() throws {
        struct Run: Codable { var outcomes: Outcomes, seconds: Double }
        let here = try place("evaluation"), fingerprint = Fingerprint()
        let outcomes = Outcomes(
            problems: (0..<3).map {
                ProblemOutcome(
                    problem: "p\($0)", samples: 4, correct: $0, truncated: 1, tokens: 40 + $0, temperatureSum: 21.5,
                    topPSum: 30)
            })
        try RunStore(here).save(Run(outcomes: outcomes, seconds: 1.5), "greedy", fingerprint)
        let expected = Expected(problems: ["p0", "p1", "p2"], samples: 4, maxTokens: 20)
        add(
            try Artefact("evaluation file", folder: here) { folder in
                let read = try RunStore(folder).load("greedy", fingerprint, as: Run.self) {
                    expected.flaw($0.outcomes)
                }
                guard let run = read else { return }
                let joined = Outcomes(joining: [run.outcomes, run.outcomes])
                _ = (joined.passRate, joined.tokens, joined.meanLength, joined.faults, joined.meanTopP)
                for problem in joined.problems {
                    _ = try passAtK(samples: problem.samples, correct: problem.correct, k: min(2, problem.samples))
                }
            })
    }

    mutating func addCollection() throws {
        let here = try place("collection"), fingerprint = Fingerprint()
        var folder = try CollectionFolder(here, fingerprint: fingerprint), block = SampledBlock()
        (block.counts.problems, block.counts.solved, block.counts.sampled) = (2, 1, 8)
        (block.counts.accepted, block.counts.kept) = (1, 1)
        block.lines = Data("{\"prompt\": \"2+2=\", \"completion\": \"4\"}\n".utf8)
        try folder.writePart(0, block)
        try folder.writePart(1, block)
        add(
            try Artefact("collection", folder: here) { place in
                var folder = try CollectionFolder(place, fingerprint: fingerprint)
                _ = try folder.counts(ofPart: 0)
                try folder.join(parts: 2)
            })
        _ = folder.counts
    }
}
