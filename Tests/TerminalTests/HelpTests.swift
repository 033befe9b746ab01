import Testing

@testable import Terminal

private let train = Command(
    "autodeco-train", "Fits the heads to a cache of hidden states.",
    flags: [
        Flag.string("config", "FILE", "the configuration, JSON5").required(),
        Flag.string("set", "key.path=value", "override one value of the configuration").repeated(),
        Flag.choice("precision", ["float", "double"], "precision of the whole computation, from the cache to the step")
            .default("float"),
        Flag.integerPair("sketch", "K,B", "sizes of the sketch").default(IntegerPair(256, 128)),
        Flag.string("a-very-long-flag", "WITH-A-LONG-PLACEHOLDER", "something"),
        Flag.switch("resume", "go on where the last run stopped"),
    ],
    positionals: [Positional.required("CACHE", "the cache's folder"), Positional.rest("MORE", "more caches")]
) { _, _ in }

struct HelpTests {
    @Test func helpTellsEveryFlagInAlignedColumns() {
        #expect(
            train.helpText(path: "autodeco-train", width: 80) == """
                autodeco-train: Fits the heads to a cache of hidden states.

                usage: autodeco-train --config FILE [--set key.path=value …]
                    [--precision float|double] [--sketch K,B]
                    [--a-very-long-flag WITH-A-LONG-PLACEHOLDER] [--resume] [--quiet]
                    [--version] [--help] CACHE [MORE …]

                arguments:
                  CACHE  the cache's folder
                  MORE   more caches

                flags:
                  --config FILE             the configuration, JSON5 (required)
                  --set key.path=value      override one value of the configuration (repeatable)
                  --precision float|double  precision of the whole computation, from the cache
                                            to the step (default float)
                  --sketch K,B              sizes of the sketch (default 256,128)
                  --a-very-long-flag WITH-A-LONG-PLACEHOLDER
                                            something
                  --resume                  go on where the last run stopped
                  --quiet                   print no progress and no notes
                  --version                 print version, commit and kernels
                  --help                    print this help

                """)
    }

    @Test(arguments: [40, 60, 80, 120])
    func helpFitsTheTerminal(_ width: Int) {
        let lines = train.helpText(path: "autodeco-train", width: width).split(separator: "\n")
        let longest = lines.filter { !$0.contains("LONG-PLACEHOLDER") }.map(\.count).max()
        #expect(longest ?? .max <= width)
        for word in ["--config FILE", "--set key.path=value", "--sketch K,B", "--resume", "--quiet", "--help"] {
            #expect(lines.contains { $0.hasPrefix("  \(word)") })
        }
    }

    @Test func helpOfSubcommandsListsThem() {
        let inspect = Command(
            "autodeco-inspect", "Looks into any artefact.",
            subcommands: [
                Command("loss", "Losses of heads.") { _, _ in }, Command("predict", "Predictions.") { _, _ in },
            ])
        #expect(
            inspect.helpText(path: "autodeco-inspect", width: 80) == """
                autodeco-inspect: Looks into any artefact.

                usage: autodeco-inspect SUBCOMMAND …

                subcommands:
                  loss     Losses of heads.
                  predict  Predictions.

                'autodeco-inspect SUBCOMMAND --help' tells the flags of each.

                flags:
                  --version  print version, commit and kernels
                  --help     print this help

                """)
    }

    @Test func wrappingKeepsAllWords() {
        #expect(wrap("a bb ccc dddddd e", to: 4) == ["a bb", "ccc", "dddddd", "e"])
        #expect(wrap("", to: 4) == [""])
        #expect(wrap(["a", "b c", "d"], to: 5, hang: 2) == ["a b c", "  d"])
    }
}
