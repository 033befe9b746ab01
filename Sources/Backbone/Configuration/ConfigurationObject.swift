import Files
import Foundation

/// An object of a model's JSON configuration, whose keys are read with the type that they must have.
///
/// A key that is null counts as absent, as it does for Hugging Face's loaders.
struct ConfigurationObject {
    /// The file's path, for messages.
    let file: String
    /// The dotted path of this object inside the file, with a dot at its end; empty for the whole.
    private let prefix: String
    private let members: [String: JSONTree]

    /// Reads a file whose document is an object.
    init(file url: URL) throws {
        let data: Data
        do { data = try Data(file: url.path) } catch let error as FileError {
            let isPointer = error.kind == .malformed
            throw ModelError(.unreadable, isPointer ? "\(error)" : "\(error), expected a model's configuration")
        }
        try self.init(data, file: url.path)
    }

    /// Reads a document that is an object.
    init(_ data: Data, file: String) throws {
        self.file = file
        prefix = ""
        let tree: JSONTree
        do { tree = try JSONTree(parsing: Array(data), file: file) } catch {
            throw ModelError(.malformed, "\(error)")
        }
        guard case .object(let pairs) = tree else {
            throw ModelError(.malformed, "\(file): found \(tree.kind), expected an object")
        }
        members = Dictionary(pairs.map { ($0.key, $0.value) }) { $1 }
    }

    private init(file: String, prefix: String, members: [String: JSONTree]) {
        (self.file, self.prefix, self.members) = (file, prefix, members)
    }

    func has(_ key: String) -> Bool { value(key) != nil }

    /// Whether the key stands there at all, be it with null.
    func names(_ key: String) -> Bool { members[key] != nil }

    private func value(_ key: String) -> JSONTree? {
        switch members[key] {
        case nil, .null?: nil
        case let value?: value
        }
    }

    func malformed(_ key: String, found: String, expected: String) -> ModelError {
        ModelError(.malformed, "\(file): found \(found) for '\(prefix)\(key)', expected \(expected)")
    }

    func unsupported(_ key: String, found: String, supported: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(file): found \(found) for '\(prefix)\(key)', which is not supported; supported: \(supported)")
    }

    /// The value of `key` as `read` understands it, or `fallback` where the key is absent; absent without one is an
    /// error.
    private func read<Value>(
        _ key: String, _ expected: String, default fallback: Value?, _ convert: (JSONTree) -> Value?
    ) throws -> Value {
        guard let found = value(key) else {
            if let fallback { return fallback }
            throw malformed(key, found: "nothing", expected: expected)
        }
        guard let value = convert(found) else { throw malformed(key, found: found.kind, expected: expected) }
        return value
    }

    /// What widths may be, vocabularies among them; and what counts and sizes of heads and experts may be. Any three of
    /// them multiply within `Int`.
    static let widths = 1...1 << 24, heads = 1...1 << 16
    /// What a number of positions may be.
    static let positions = 1...Int(Int32.max)

    /// A whole number in `range`.
    func integer(
        _ key: String, in range: ClosedRange<Int> = widths, default fallback: Int? = nil
    ) throws -> Int {
        try read(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", default: fallback) {
            if case .integer(let number) = $0, range.contains(number) { number } else { nil }
        }
    }

    /// A number above 0.
    func positive(_ key: String, default fallback: Double? = nil) throws -> Double {
        try read(key, "a number above 0", default: fallback) { Self.number($0).flatMap { $0 > 0 ? $0 : nil } }
    }

    /// A number of at least 0.
    func nonNegative(_ key: String, default fallback: Double? = nil) throws -> Double {
        try read(key, "a number of at least 0", default: fallback) { Self.number($0).flatMap { $0 >= 0 ? $0 : nil } }
    }

    private static func number(_ tree: JSONTree) -> Double? {
        switch tree {
        case .integer(let number): Double(number)
        case .number(let number) where number.isFinite: number
        default: nil
        }
    }

    /// The value where it is a finite number, and nil for everything else.
    func number(ifThere key: String) -> Double? { value(key).flatMap(Self.number) }

    func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool {
        try read(key, "true or false", default: fallback) { if case .bool(let bool) = $0 { bool } else { nil } }
    }

    func string(_ key: String, default fallback: String? = nil) throws -> String {
        try read(key, "a string", default: fallback) { if case .string(let string) = $0 { string } else { nil } }
    }

    func strings(_ key: String, default fallback: [String]? = nil) throws -> [String] {
        try read(key, "a list of strings", default: fallback) {
            guard case .array(let elements) = $0 else { return nil }
            let strings: [String] = elements.compactMap { if case .string(let string) = $0 { string } else { nil } }
            return strings.count == elements.count ? strings : nil
        }
    }

    /// Whole numbers of at least 0: one, or a list of them.
    func integers(_ key: String, default fallback: [Int]? = nil) throws -> [Int] {
        try read(key, "a whole number of at least 0, or a list of them", default: fallback) {
            let elements = if case .array(let elements) = $0 { elements } else { [$0] }
            let numbers: [Int] = elements.compactMap {
                if case .integer(let number) = $0, number >= 0 { number } else { nil }
            }
            return numbers.count == elements.count ? numbers : nil
        }
    }

    /// So many numbers above 0.
    func positives(_ key: String, count: Int) throws -> [Double] {
        let expected = "\(count) numbers above 0, one for each pair that rope turns"
        let elements = try read(key, expected, default: nil) {
            if case .array(let elements) = $0 { elements } else { nil }
        }
        let numbers = elements.compactMap(Self.number).filter { $0 > 0 }
        guard elements.count == count, numbers.count == count else {
            throw malformed(key, found: "a list of \(elements.count)", expected: expected)
        }
        return numbers
    }

    func object(_ key: String) throws -> ConfigurationObject? {
        guard let value = value(key) else { return nil }
        guard case .object(let pairs) = value else { throw malformed(key, found: value.kind, expected: "an object") }
        return ConfigurationObject(
            file: file, prefix: "\(prefix)\(key).", members: Dictionary(pairs.map { ($0.key, $0.value) }) { $1 })
    }

    /// Whether some member is an object itself.
    var hasNestedObjects: Bool {
        members.values.contains { if case .object = $0 { true } else { false } }
    }
}
