import Files
import Foundation

/// A value of the command line that replaces one of the file: `key.path=value`.
package struct Override {
    /// Such as `collect.samples`.
    package let path: String
    package let value: JSONValue

    /// The value is taken as JSON5 where it is that, and as a text otherwise: `task.command=certain` needs no quotes.
    ///
    /// - Throws: ``ConfigurationError`` for a text without `=`, or with nothing before it.
    package init(_ text: String) throws {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
            throw ConfigurationError(
                .malformedOverride, "--set \(text): expected key.path=value, such as collect.samples=8")
        }
        path = String(text[..<sign])
        let value = String(text[text.index(after: sign)...])
        self.value = (try? JSONValue(json5: Data(value.utf8))) ?? .string(value)
    }

    /// Puts the value into its place; objects on the way there are made where they are missing.
    package func apply(to root: inout JSONValue) {
        Self.set(&root, path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...], to: value)
    }

    private static func set(_ node: inout JSONValue, _ path: ArraySlice<String>, to value: JSONValue) {
        guard let name = path.first else {
            node = value
            return
        }
        var members: [String: JSONValue] = [:]
        if case .object(let present) = node { members = present }
        set(&members[name, default: .null], path.dropFirst(), to: value)
        node = .object(members)
    }
}
