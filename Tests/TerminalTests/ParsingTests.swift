import Testing

@testable import Terminal

private let heads = Flag.string("heads", "DIR", "folder of the heads").required()
private let output = Flag.string("output", "F", "where to write")
private let seed = Flag.integer("seed", "N", "seed of the draws").default(7)
private let fraction = Flag.number("validation-fraction", "X", "share of the trajectories")
private let sketch = Flag.integerPair("sketch", "K,B", "send the logits through the sketch")
private let precision = Flag.choice("precision", ["float", "double"], "precision of the computation").default("float")
private let settings = Flag.string("set", "key.path=value", "override the configuration").repeated()
private let json = Flag.switch("json", "print one JSON object")
private let model = Positional.required("MODEL", "the model's folder")
private let file = Positional.optional("FILE", "a file")
private let others = Positional.rest("MORE", "more files")

private let loss = Command(
    "loss", "Losses of heads.", flags: [heads, output, seed, fraction, sketch, precision, settings, json]
) { _, _ in }
private let summary = Command("model", "A summary.", positionals: [model, file, others]) { _, _ in }
private let inspect = Command("inspect", "Looks into things.", subcommands: [loss, summary])

private func arguments(_ command: Command, _ words: [String]) throws -> Arguments {
    guard case .run(_, let arguments) = try command.parse(words) else {
        throw UsageError(description: "that was help")
    }
    return arguments
}

private func complaint(_ command: Command, _ words: [String]) -> String {
    do {
        _ = try command.parse(words)
        return "no error"
    } catch {
        return String(describing: error)
    }
}

struct ParsingTests {
    @Test func everyKindOfFlagGivesItsType() throws {
        let given = try arguments(
            loss,
            [
                "--heads", "h", "--output=a=b", "--seed", "-5", "--validation-fraction", "2.5e-1", "--sketch",
                "256,128",
                "--precision=double", "--set", "a.b=1", "--json", "--set=c=", "--quiet",
            ])
        #expect(given[heads] == "h")
        #expect(given[output] == "a=b")
        #expect(given[seed] == -5)
        #expect(given[fraction] == 0.25)
        #expect(given[sketch] == IntegerPair(256, 128))
        #expect(given[precision] == "double")
        #expect(given[settings] == ["a.b=1", "c="])
        #expect(given[json])
    }

    @Test func absentFlagsAreNilOrTheirDefaults() throws {
        let given = try arguments(loss, ["--heads="])
        #expect(given[heads] == "")
        #expect(given[output] == nil && given[fraction] == nil && given[sketch] == nil)
        #expect(given[seed] == 7 && given[precision] == "float")
        #expect(given[settings].isEmpty && !given[json])
    }

    @Test func valueMayStartWithOneDashAndBehindEqualsWithTwo() throws {
        #expect(try arguments(loss, ["--heads", "-x"])[heads] == "-x")
        #expect(try arguments(loss, ["--heads", "-"])[heads] == "-")
        #expect(try arguments(loss, ["--heads=--json"])[heads] == "--json")
    }

    @Test func positionalsAreFilledInOrder() throws {
        let one = try arguments(summary, ["m"])
        #expect(one[model] == "m" && one[file] == nil && one[others].isEmpty)
        let four = try arguments(summary, ["m", "--quiet", "f", "x", "-", "-3"])
        #expect(four[model] == "m" && four[file] == "f" && four[others] == ["x", "-", "-3"])
    }

    @Test func doubleDashEndsTheFlags() throws {
        let given = try arguments(summary, ["--", "--quiet", "--help", "--"])
        #expect(given[model] == "--quiet" && given[file] == "--help" && given[others] == ["--"])
        #expect(!given[Command.quiet])
    }

    @Test(arguments: [
        (["--hedas", "x"], "unknown flag '--hedas', did you mean --heads?"),
        (["--val=1"], "unknown flag '--val', did you mean --validation-fraction?"),
        (["-j"], "unknown flag '-j', expected one of --heads, --output,"),
        (["--"], "found no --heads, expected --heads DIR"),
        (["--heads"], "found no value for --heads, expected --heads DIR"),
        (["--heads", "--json"], "found no value for --heads, expected --heads DIR"),
        (["--heads", "a", "--heads", "b"], "found --heads twice, expected it once"),
        (["--heads", "a", "--json", "--json"], "found --json twice, expected it once"),
        (["--json=yes"], "found the value 'yes' for --json, expected none"),
        (["--seed", "1.5"], "found '1.5' for --seed, expected a whole number"),
        (["--seed=99999999999999999999"], "found '99999999999999999999' for --seed, expected a whole number"),
        (["--validation-fraction", "few"], "found 'few' for --validation-fraction, expected a number"),
        (["--validation-fraction", "nan"], "found 'nan' for --validation-fraction, expected a number"),
        (["--sketch", "256"], "found '256' for --sketch, expected two whole numbers such as 256,128"),
        (["--sketch", "1,2,3"], "found '1,2,3' for --sketch, expected two whole numbers"),
        (["--sketch", "1,x"], "found '1,x' for --sketch, expected two whole numbers"),
        (["--precision", "half"], "found 'half' for --precision, expected float or double"),
        (["--heads", "h", "stray"], "found the argument 'stray', expected flags alone"),
    ])
    func misuseIsASentenceThatPointsToHelp(_ words: [String], _ sentence: String) {
        let complaint = complaint(loss, words)
        #expect(complaint.hasPrefix(sentence))
        #expect(complaint.hasSuffix(" (see loss --help)"))
    }

    @Test func missingAndSurplusArgumentsAreSentences() {
        #expect(complaint(summary, []) == "found no MODEL, expected the model's folder (see model --help)")
        let two = Command("two", "Two.", positionals: [model, file]) { _, _ in }
        #expect(complaint(two, ["a", "b", "c"]) == "found the argument 'c', expected only MODEL FILE (see two --help)")
    }

    @Test func subcommandIsFoundAndMisspellingsAreSuggested() throws {
        guard case .run(let command, let given) = try inspect.parse(["loss", "--heads", "h"]) else {
            Issue.record("that was help")
            return
        }
        #expect(command.name == "loss" && given[heads] == "h")
        #expect(complaint(inspect, ["los"]) == "unknown subcommand 'los', did you mean loss? (see inspect --help)")
        #expect(
            complaint(inspect, ["zzz"]) == "unknown subcommand 'zzz', expected one of loss, model (see inspect --help)")
        #expect(complaint(inspect, []) == "found no subcommand, expected one of loss, model (see inspect --help)")
        #expect(complaint(inspect, ["--json", "loss"]).hasPrefix("found '--json' first, expected a subcommand"))
        #expect(complaint(inspect, ["loss"]).hasSuffix("(see inspect loss --help)"))
    }

    @Test(arguments: [["--help"], ["-h"], ["loss", "--help"], ["loss", "--json", "-h", "--nonsense"]])
    func helpIsAskedForAnywhere(_ words: [String]) throws {
        guard case .help(let command, let name) = try inspect.parse(words) else {
            Issue.record("that was no help")
            return
        }
        #expect(command.name == (words.first == "loss" ? "loss" : "inspect"))
        #expect(name == (words.first == "loss" ? "inspect loss" : "inspect"))
    }
}
