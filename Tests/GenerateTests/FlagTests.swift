import TestSupport
import Testing

/// What `autodeco-generate` refuses on its command line, before it opens a model: what a configuration refuses, too.
@Suite struct FlagTests {
    /// Exit status and standard error of the program as it was built beside these tests.
    private func run(_ arguments: [String]) throws -> (status: Int32, words: String) {
        let run = try SpawnedProgram("autodeco-generate", ["--model", "/nowhere", "--prompt", "1"] + arguments)
        return (run.status, run.errors)
    }

    @Test(arguments: [
        (["--samples", "1000000000"], "found '1000000000' for --samples, expected a whole number from 1 to 1000000"),
        (["--samples", "0"], "found '0' for --samples, expected a whole number from 1 to 1000000"),
        (
            ["--width", "9223372036854775807"],
            "found '9223372036854775807' for --width, expected a whole number from 1 to 65536"
        ),
        (
            ["--max-tokens", "9223372036854775807"],
            "found '9223372036854775807' for --max-tokens, expected a whole number from 1"
        ),
        (["--seed", "-1"], "found '-1' for --seed, expected a whole number from 0"),
        (["--top-p", "1.5"], "--top-p is 1.5, expected a number from 0.0 to 1.0"),
        (["--top-p=-0.1"], "--top-p is -0.1, expected a number from 0.0 to 1.0"),
        (["--min-p", "2"], "--min-p is 2.0, expected a number from 0.0 to 1.0"),
        (["--top-k", "0"], "found '0' for --top-k, expected a whole number from 1"),
        (
            ["--top-k", "9223372036854775807"],
            "found '9223372036854775807' for --top-k, expected a whole number from 1"
        ),
        (["--temperature=-1"], "--temperature is -1.0, expected a number from 0.0 to 1e+20"),
        (["--temperature", "0", "--samples", "2"], "--temperature 0 gives the same text each time"),
        (["--heads", "/nowhere", "--width", "0"], "found '0' for --width, expected a whole number from 1 to 65536"),
    ])
    func settingsThatAConfigurationRefusesAreRefused(arguments: [String], words: String) throws {
        let found = try run(arguments)
        #expect(found.status == 2 && found.words.contains(words), "\(found.words)")
        #expect(!found.words.contains("null") && found.words.split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        ["--top-p", "1"], ["--min-p", "0"], ["--temperature", "0"], ["--samples", "1000000", "--width", "65536"],
    ])
    func settingsAtTheirBoundsReachTheModel(arguments: [String]) throws {
        let found = try run(arguments)
        #expect(found.status == 2 && found.words.contains("/nowhere"), "\(found.words)")
    }
}
