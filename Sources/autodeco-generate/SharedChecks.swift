import Configuration
import Recipes
import Terminal

/// Holds the knobs that a configuration's section `collect` has as keys, too, to what those take; counts have their
/// bounds with the flags.
enum SharedChecks {
    /// - Throws: ``InputError`` with the flag, its value, and what was expected.
    static func check(_ arguments: Arguments) throws {
        try check("--temperature", arguments[Flags.temperature], "temperature")
        try check("--top-p", arguments[Flags.topP], "topP")
        try check("--top-k", arguments[Flags.topK], "topK")
        try check("--min-p", arguments[Flags.minP], "minP")
    }

    private static func check(_ flag: String, _ value: (some KeyValue & CustomStringConvertible)?, _ key: String) throws
    {
        guard let value, let expectation = CollectSection.expectation(of: key, unmetBy: value) else { return }
        throw InputError("\(flag) is \(value), expected \(expectation)")
    }
}
