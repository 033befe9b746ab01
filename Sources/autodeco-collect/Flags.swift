import Terminal

/// Everything that the command line can say.
enum Flags {
    static let config = Flag.string("config", "FILE", "the run's configuration, in JSON5").required()
    static let set = Flag.string("set", "key.path=value", "replace a value of the configuration").repeated()
    static let keepRejected = Flag.switch("keep-rejected", "store failed completions too, marked as such")
    static let anyModel = Flag.switch("any-model", "take heads that were fitted to another model of the same sizes")
    static let json = Flag.switch("json", "print the summary as one JSON object")

    static let all: [any DeclaredFlag] = [config, set, keepRejected, anyModel, json]
}

/// A mistake in what the user gave, in one sentence.
struct InputError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
