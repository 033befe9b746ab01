import Foundation
import Terminal

/// Everything that the command line can say.
enum Flags {
    static let config = Flag.string("config", "FILE", "the run's configuration, in JSON5").required()
    static let set = Flag.string("set", "key.path=value", "replace a value of the configuration").repeated()
    static let resume = Flag.switch(
        "resume", "go on from the checkpoint in training.folder; where there is none the run begins")
    static let dryRun = Flag.switch(
        "dry-run",
        "print the resolved configuration, the data found or expected, memory and estimated time, and train nothing")
    static let noVerify = Flag.switch("no-verify", "do not compare the checksums of the cache's shards")
    static let json = Flag.switch("json", "print one JSON object")

    static let all: [any DeclaredFlag] = [config, set, resume, dryRun, noVerify, json]
}

func folder(_ path: String) -> URL { URL(fileURLWithPath: path, isDirectory: true) }
