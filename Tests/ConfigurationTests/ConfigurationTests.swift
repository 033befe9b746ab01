import Configuration
import Files
import Foundation
import Recipes
import Testing
@testable import Recipes

/// What a configuration file says is what a command gets.
@Suite struct ConfigurationTests {
    private func read(_ text: String, _ overrides: String...) throws -> RunConfiguration {
        try RunConfiguration(json5: Data(text.utf8), file: "c.json", overrides: overrides)
    }

    private func message(_ text: String, _ overrides: String...) -> String {
        let error = #expect(throws: ConfigurationError.self) {
            try RunConfiguration(json5: Data(text.utf8), file: "c.json", overrides: overrides)
        }
        return error?.description ?? ""
    }

    // MARK: Reading

    @Test func valuesOfAllTypesAreRead() throws {
        let c = try read(
            """
            // JSON5: comments, bare names, single quotes, trailing commas.
            {
              model: {folder: 'data/m'},
              task: {verifier: "exact", promptTemplate: "Q: {problem}\\nA:"},
              collect: {samples: 16, keepRejected: true, temperature: 1, topK: 5, problems: null,},
              cache: {hiddenType: "F32", rank: 12},
              training: {learningRate: 1e-3, objective: "released", gradientClip: null},
              evaluation: {temperatures: [0.5, 1]},
            }
            """)
        #expect(c.model.folder == "data/m" && c.model.name == nil)
        #expect(c.task.judge == .lastLine)
        #expect(c.task.verifier == .exact && c.task.promptTemplate == "Q: {problem}\nA:")
        #expect(c.collect.samples == 16 && c.collect.keepRejected && c.collect.temperature == 1 && c.collect.topK == 5)
        #expect(c.collect.problems == nil)
        #expect(c.cache.hiddenType == .float32 && c.cache.rank == 12)
        let training = c.training.settings
        #expect(training.learningRate == 1e-3 && training.loss.objective == .released && training.gradientClip == nil)
        #expect(c.evaluation.settings.temperatures == [0.5, 1])
    }

    @Test func everyConfigurationOfTheProjectReads() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../configs")
            .standardized
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(files.contains("countdown.json") && files.contains("models/gpt-oss-20b.json"))
        for file in files {
            #expect(throws: Never.self) { try RunConfiguration(path: folder.appendingPathComponent(file).path) }
        }
    }

    @Test func trainingDefaultsAreThePapers() throws {
        let t = try read("{}").training.settings
        #expect(t.learningRate == 5e-6 && t.adamW.beta1 == 0.9 && t.adamW.beta2 == 0.999 && t.adamW.epsilon == 1e-8)
        #expect(t.adamW.weightDecay == 0 && t.decay == .linear && t.warmupSteps == 0 && t.steps == 400)
        #expect(t.maxTokens == 16_384 && t.trajectoriesPerStep == 32 && t.heads == .both && t.gradientClip == 1)
        #expect(t.loss.constants.steepness == 30 && t.loss.easyTokenDropRate == 0.6 && t.loss.dynamicFineTuning)
        #expect(t.loss.objective == .joint)
    }

    /// A key that is declared and forgotten in the table could not be set.
    ///
    /// Settings of other modules lie inside a section; of the constants of the losses only α can be set.
    @Test func everyPropertyHasAKey() {
        func properties(of value: Any) -> [String] {
            Mirror(reflecting: value).children.flatMap { child -> [String] in
                let name = child.label ?? ""
                let isGroup = ["settings", "loss", "adamW"].contains(name)
                return isGroup ? properties(of: child.value) : [name]
            }
        }
        func check<S: Section>(_ section: S) {
            let properties = properties(of: section)
            #expect(properties.count == S.keys.count && Set(S.keys.map(\.name)).count == S.keys.count, "\(S.name)")
            #expect(Set(properties).count == properties.count, "\(S.name)")
        }
        check(ModelSection())
        check(TaskSection())
        check(CollectSection())
        check(CacheSection())
        check(TrainingSection())
        check(EvaluationSection())
    }

    @Test func theResolvedConfigurationReadsAsItself() throws {
        let c = try read(
            "{collect: {samples: 3, minP: 0.1, folder: 'a/b'}, training: {alpha: 20.5}}", "task.command=certain")
        let printed = try JSONEncoder().encode(c.json)
        #expect(try RunConfiguration(json5: printed, file: "d.json").json == c.json)
        guard case .object(let sections) = c.json, case .object(let collect)? = sections["collect"] else {
            return #expect(Bool(false))
        }
        #expect(collect["samples"] == .integer(3) && collect["keep"] == .integer(4) && collect["topK"] == .null)
        #expect(sections.count == 7)
    }

    @Test func fewerExpectedTokensThanTrajectoriesAreRefused() throws {
        #expect(
            message("{cache: {expectedTrajectories: 10, expectedTokens: 9}}")
                == "c.json: cache.expectedTokens is 9, expected at least the 10 of cache.expectedTrajectories")
        let c = try read(
            "{model: {hiddenSize: 2880, vocabularySize: 201088}, cache: {expectedTrajectories: 10, expectedTokens: 10}}"
        )
        #expect(
            c.model.hiddenSize == 2880 && c.model.vocabularySize == 201_088 && c.cache.expectedTokens == 10
                && c.cache.expectedTrajectories == 10)
        #expect(message("{model: {hiddenSize: 0}}").contains("expected a whole number from 1 to 16777216"))
    }

    // MARK: Overrides

    @Test func overridesReplaceTheFilesValues() throws {
        let c = try read(
            "{collect: {samples: 3}}", "collect.samples=8", "collect.samples=9", "model.folder=runs/x y",
            "task.command=certain",
            "collect.keepRejected=true", "evaluation.topPs=[0.5, 1]", "task.promptTemplate='{problem}='",
            "cache.rank=null")
        #expect(
            c.collect.samples == 9 && c.model.folder == "runs/x y" && c.task.command == .certain
                && c.collect.keepRejected)
        #expect(
            c.evaluation.settings.topPs == [0.5, 1] && c.task.promptTemplate == "{problem}=" && c.cache.rank == nil)
    }

    @Test func anOverrideIsToBlameForItsOwnMistakes() {
        #expect(
            message("{}", "collect.samples=many")
                == "--set collect.samples: collect.samples is \"many\", expected a whole number from 1 to 1000000")
        #expect(
            message("{}", "collect.sampels=3")
                == "--set collect.sampels: unknown key collect.sampels, did you mean collect.samples?")
        #expect(
            message("{}", "colect.samples=3").hasPrefix(
                "--set colect.samples: unknown section colect, did you mean collect?"))
        #expect(message("{collect: {keep: 0}}", "collect.samples=3").hasPrefix("c.json: collect.keep is 0"))
        #expect(message("{}", "collect=3").hasPrefix("--set collect: collect is 3, expected an object"))
        #expect(message("{}", "collect.samples.x=3").contains("collect.samples is an object, expected a whole number"))
        for malformed in ["samples", "=3", ""] {
            #expect(
                message("{}", malformed) == "--set \(malformed): expected key.path=value, such as collect.samples=8")
        }
    }

    // MARK: Unknown keys

    @Test(arguments: [
        ("{collect: {sampels: 1}}", "c.json: unknown key collect.sampels, did you mean collect.samples?"),
        ("{collect: {top_p: 1}}", "c.json: unknown key collect.top_p, did you mean collect.topP?"),
        ("{collect: {alpha: 1}}", "c.json: unknown key collect.alpha, did you mean training.alpha?"),
        ("{trainng: {}}", "c.json: unknown section trainng, did you mean training?"),
        ("{learningRate: 1}", "c.json: unknown section learningRate, did you mean training.learningRate?"),
        (
            "{qqq: 1}",
            "c.json: unknown section qqq, expected one of model, task, collect, cache, training, improve, evaluation"
        ),
        (
            "{model: {zzz: 1}}",
            "c.json: unknown key model.zzz, expected one of folder, name, precision, hiddenSize, vocabularySize"
        ),
    ])
    func unknownKeysNameTheNearest(_ text: String, _ wanted: String) {
        #expect(message(text) == wanted)
    }

    // MARK: Values

    @Test(arguments: [
        ("{collect: {samples: \"8\"}}", "collect.samples is \"8\", expected a whole number from 1 to 1000000"),
        ("{collect: {samples: 1.5}}", "collect.samples is 1.5, expected a whole number from 1 to 1000000"),
        ("{collect: {samples: true}}", "collect.samples is true, expected a whole number from 1 to 1000000"),
        ("{collect: {samples: null}}", "collect.samples is null, expected a whole number from 1 to 1000000"),
        ("{collect: {keepRejected: 1}}", "collect.keepRejected is 1, expected true or false"),
        ("{collect: {temperature: -1}}", "collect.temperature is -1, expected a number from 0.0 to 1e+20"),
        ("{collect: {temperature: NaN}}", "collect.temperature is nan, expected a number from 0.0 to 1e+20"),
        ("{collect: {minP: 2}}", "collect.minP is 2, expected a number from 0.0 to 1.0, or null"),
        ("{collect: {folder: \"\"}}", "collect.folder is \"\", expected a path, or null"),
        ("{model: {folder: [1, \"a\"]}}", "model.folder is [1, \"a\"], expected a path, or null"),
        ("{model: 3}", "model is 3, expected an object with keys such as folder"),
        (
            "{task: {verifier: \"box\"}}",
            "task.verifier is \"box\", expected one of \"countdown\", \"exact\", \"boxed\", \"choice\", \"command\""
        ),
        (
            "{task: {verifier: \"command\"}}",
            "task.graderCommand is null, expected a command line: the verifier \"command\" runs it"
        ),
        (
            "{task: {graderCommand: \"true\"}}",
            "task.graderCommand is given, expected null: only the verifier \"command\" runs one"
        ),
        ("{task: {graderSeconds: 0}}", "task.graderSeconds is 0, expected a number above 0, at most 3600"),
        ("{task: {promptTemplate: \"Q:\"}}", "task.promptTemplate is \"Q:\", expected a text with {problem}"),
        ("{cache: {hiddenType: \"F64\"}}", "cache.hiddenType is \"F64\", expected one of \"BF16\", \"F16\", \"F32\""),
        ("{training: {beta1: 1}}", "training.beta1 is 1, expected a number from 0.0 to below 1.0"),
        ("{training: {learningRate: 0}}", "training.learningRate is 0, expected a number above 0.0"),
        (
            "{evaluation: {topPs: []}}",
            "evaluation.topPs is [], expected a list, not empty, and in it each a number from 0.0 to 1.0"
        ),
        ("{evaluation: {topPs: [0.5, \"x\"]}}", "evaluation.topPs is [0.5, \"x\"], expected a list, not empty"),
        ("{collect: {topP: 0.5, topK: 3}}", "collect.topP and collect.topK exclude each other"),
        ("{collect: {minP: 0.5, topK: 3}}", "collect.minP and collect.topK exclude each other"),
        ("{collect: {temperature: 0}}", "collect.samples is 8, expected 1: at temperature 0"),
        (
            "{collect: {heads: \"h\", temperature: 0.7}}",
            "collect.temperature and collect.heads exclude each other, expected one of them: heads choose"
        ),
        ("{collect: {heads: \"h\", topP: 0.9}}", "collect.topP and collect.heads exclude each other"),
        ("{collect: {heads: \"h\", topK: 9}}", "collect.topK and collect.heads exclude each other"),
        ("{collect: {heads: \"h\", minP: 0.1}}", "collect.minP and collect.heads exclude each other"),
        ("{collect: {heads: \"h\", trajectories: \"t\"}}", "collect.heads and collect.trajectories exclude"),
        ("{collect: {filter: \"soft\"}}", "collect.filter says what the top-p of heads means, expected \"hard\""),
        ("{task: {judge: \"lines\"}}", "task.judge is \"lines\", expected one of \"lastLine\", \"everyLine\""),
        (
            "{task: {verifier: \"exact\", judge: \"everyLine\"}}",
            "task.judge is \"everyLine\", expected \"lastLine\": only the verifier \"countdown\" judges lines"
        ),
        ("{task: {verifier: \"exact\", command: \"diverse\"}}", "task.command is \"diverse\", expected null"),
        (
            "{training: {objective: \"reward\"}}",
            "training.initialHeads is null, expected the heads that drew the trajectories, as training.objective "
                + "\"reward\" needs"
        ),
        (
            "{training: {objective: \"reward\", initialHeads: \"h\"}}",
            "training.dynamicFineTuning is true, expected false"
        ),
        (
            "{training: {objective: \"reward\", initialHeads: \"h\", dynamicFineTuning: false}}",
            "training.easyTokenDrop is 0.6, expected 0"
        ),
        (
            "{training: {objective: \"reward\", initialHeads: \"h\", dynamicFineTuning: false, easyTokenDrop: 0}}",
            "training.validationFraction is 0.05, expected 0"
        ),
        ("{improve: {objective: \"rewards\"}}", "improve.objective is \"rewards\", expected"),
        ("{improve: {start: \"last\"}}", "improve.start is \"last\", expected one of \"scratch\", \"lastHeads\""),
        ("{improve: {steps: 0}}", "improve.steps is 0, expected"),
        ("{training: {warmupSteps: 500}}", "training.warmupSteps is 500, expected at most the 400"),
        (
            "{training: {validationFraction: 0, earlyStoppingPatience: 3}}",
            "training.earlyStoppingPatience needs held-out"
        ),
    ])
    func unsuitableValuesSayWhatWasExpected(_ text: String, _ wanted: String) {
        let message = message(text)
        #expect(message.hasPrefix("c.json: \(wanted)"), "\(message)")
    }

    @Test func longValuesAreCutInMessages() {
        let message = message("{task: {verifier: \"\(String(repeating: "x", count: 500))\"}}")
        #expect(message.count < 200 && message.contains("xx…\""))
    }

    @Test func missingValuesAreAskedForByTheirPath() throws {
        let c = try read("{}")
        let error = #expect(throws: ConfigurationError.self) { try c.required(c.model.folder, "model.folder") }
        #expect(error?.description == "c.json: model.folder is missing, expected a path")
        #expect(try c.required("x", "model.folder") == "x")
    }

    // MARK: Syntax

    @Test(arguments: [
        ("{\n  model: {}\n  task: {}\n}", "line 3, column 3: found 't', expected ',' or '}'"),
        ("{model: {folder: runs}}", "line 1, column 18: found 'r', expected a value (texts stand in quotes)"),
        ("{model: {folder: 'a\n'}}", "line 1, column 18: found ''', expected a text that ends on its line"),
        ("{model {}}", "line 1, column 8: found '{', expected ':' after the key"),
        ("{// c\n model: {},", "line 2, column 12: found the end of the file, expected a key"),
        ("{} /* open", "line 1, column 4: found '/', expected a comment that ends with */"),
        ("{}\n}", "line 2, column 1: found '}', expected the end of the file"),
        ("", "line 1, column 1: found the end of the file, expected a value (texts stand in quotes)"),
        ("{,}", "line 1, column 2: found ',', expected a key"),
    ])
    func syntaxFaultsHaveALine(_ text: String, _ wanted: String) {
        #expect(message(text) == "c.json: is not JSON5: \(wanted)")
    }

    /// Foundation's reader of JSON5 ends the process on the first two.
    @Test func bytesThatNoReaderTakesAreASentence() {
        func message(_ data: Data) -> String {
            let error = #expect(throws: ConfigurationError.self) { try RunConfiguration(json5: data, file: "c.json") }
            return error?.description ?? ""
        }
        #expect(message(Data("{} // ".utf8) + [0xE9]) == "c.json: is not JSON5: byte 6 is not UTF-8")
        #expect(message(Data("{model: {folder: '".utf8) + [0xFF] + Data("'}}".utf8)).contains("is not UTF-8"))
        for opening in ["[", "{a:", "{\"a\": ["] {
            let text = String(repeating: opening, count: 200_000)
            #expect(message(Data(text.utf8)).contains("nested deeper than 200 levels"))
        }
        #expect(message(Data("{training: {steps: 1e400}}".utf8)).contains("found '1', expected a number of at most"))
    }

    @Test func aLongKeyIsShownShort() {
        let key = String(repeating: "k", count: 1_000_000)
        let shown = String(key.prefix(60)) + "…"
        #expect(message("{\(key): {}}").hasPrefix("c.json: unknown section \(shown), expected one of "))
        #expect(message("{training: {\(key): 1}}").hasPrefix("c.json: unknown key training.\(shown), expected one of "))
        #expect(message("{}", "\(String(repeating: "a.", count: 100_000))=1").contains("found more than 10 levels"))
    }

    @Test func aConfigurationWithoutEndIsRefused() {
        let error = #expect(throws: ConfigurationError.self) { try RunConfiguration(path: "/dev/zero") }
        #expect(error?.description.contains("holds more than 1048576 bytes") == true)
    }

    /// What multiplies or allocates is bounded where its key is declared.
    @Test(arguments: RunConfiguration.sections.flatMap { section in section.keys.map { "\(section.name).\($0)" } })
    func noWholeNumberIsWithoutBound(path: String) {
        func message(_ value: String) -> String {
            let error = #expect(throws: ConfigurationError.self) {
                try RunConfiguration(json5: Data("{}".utf8), file: "c.json", overrides: ["\(path)=\(value)"])
            }
            return error?.description ?? ""
        }
        // A key that takes whole numbers says so about one that no range holds.
        guard (try? read("{}", "\(path)=-1")) == nil, message("-1").contains("whole number") else { return }
        for value in [Int.max, Int.max - 1000, 1 << 62, 1_000_000_000_000_000_000] {
            #expect(message("\(value)").contains("\(path) is \(value), expected a whole number from "), "\(path)")
        }
    }

    /// The search for the fault must not find one where Foundation does not.
    @Test(arguments: [
        "{a: +1, b: -.5, c: 5., d: 0xFF, e: Infinity, f: -NaN, 'g': \"x\\\"y\", $h: [1, 2,], /* c */ i: null, // d\n}",
        "[]", "3 // c",
    ])
    func soundTextsHaveNoFault(_ text: String) {
        #expect(SyntaxFault(in: text.utf8) == nil)
        #expect(throws: Never.self) { try JSONValue(json5: Data(text.utf8)) }
    }

    @Test func documentsThatAreNoObjectsAndFilesThatAreNotThereAreErrors() {
        #expect(message("[1]") == "c.json: found [1], expected an object with sections such as collect")
        let error = #expect(throws: ConfigurationError.self) { try RunConfiguration(path: "/nowhere/c.json") }
        #expect(error?.kind == .unreadable && error?.description.hasPrefix("/nowhere/c.json: cannot be read") == true)
    }
}
