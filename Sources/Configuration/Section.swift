import Files

/// One part of a configuration: plain values with their defaults, and the keys that set them.
///
/// A key is declared once, in `keys`: reading, checks, messages and printing follow from that.
package protocol Section: Sendable {
    static var name: String { get }
    static var keys: [Key<Self>] { get }
    init()
    /// What the values say together that makes no sense: the key's name, and what is wrong with its value.
    var contradiction: (key: String, sentence: String)? { get }
}

extension Section {
    package var contradiction: (key: String, sentence: String)? { nil }

    /// Reads a section's object; keys that are not there keep their defaults.
    package init(_ json: JSONValue, source: Source) throws {
        self.init()
        guard case .object(let members) = json else {
            throw ConfigurationError(
                .unsuitableValue,
                "\(source.place(of: Self.name)): \(Self.name) is \(json.shown), expected an object with keys such as "
                    + "\(Self.keys[0].name)"
            )
        }
        // Sorted, so that of several mistakes the same one is reported each time.
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let path = "\(Self.name).\(shortened(name))"
            guard let key = Self.keys.first(where: { $0.name == name }) else {
                throw ConfigurationError(
                    .unknownKey, "\(source.place(of: path)): unknown key \(path), \(Self.suggestion(for: name, source))"
                )
            }
            guard key.assign(value, &self) else {
                throw ConfigurationError(
                    .unsuitableValue,
                    "\(source.place(of: path)): \(path) is \(value.shown), expected \(key.expectation)")
            }
        }
        if let (key, sentence) = contradiction {
            let path = "\(Self.name).\(key)"
            throw ConfigurationError(.unsuitableValue, "\(source.place(of: path)): \(path) \(sentence)")
        }
    }

    /// All values, defaults included.
    package var json: JSONValue {
        .object(Dictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.value(self)) }))
    }

    private static func suggestion(for name: String, _ source: Source) -> String {
        if let elsewhere = source.sections.first(where: { $0.keys.contains(name) }) {
            return "did you mean \(elsewhere.name).\(name)?"
        }
        let names = keys.map(\.name)
        return nearest(to: name, in: names).map { "did you mean \(Self.name).\($0)?" }
            ?? "expected one of \(names.joined(separator: ", "))"
    }
}

/// Where a configuration's values come from, for messages.
package struct Source {
    package let file: String
    /// Paths that the command line sets.
    package let overridden: [String]
    /// The sections' names, and of each the names of its keys: a key that stands in the wrong section is found by them.
    package let sections: [(name: String, keys: [String])]

    package init(file: String, overridden: [String], sections: [(name: String, keys: [String])]) {
        (self.file, self.overridden, self.sections) = (file, overridden, sections)
    }

    /// `--set path` where the command line set this, else the file.
    package func place(of path: String) -> String {
        let given = overridden.last { $0 == path || path.hasPrefix($0 + ".") || $0.hasPrefix(path + ".") }
        return given.map { "--set \($0)" } ?? file
    }
}
