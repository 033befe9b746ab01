import Files

/// A type that a key's value can have.
package protocol KeyValue: Sendable {
    /// What a value of the type is, in words.
    static var expectation: String { get }
    init?(_ json: JSONValue)
    var json: JSONValue { get }
}

extension Bool: KeyValue {
    package static var expectation: String { "true or false" }
    package init?(_ json: JSONValue) {
        guard case .bool(let value) = json else { return nil }
        self = value
    }
    package var json: JSONValue { .bool(self) }
}

extension Int: KeyValue {
    package static var expectation: String { "a whole number" }
    package init?(_ json: JSONValue) {
        guard case .integer(let value) = json else { return nil }
        self = value
    }
    package var json: JSONValue { .integer(self) }
}

/// Finite alone: JSON5's NaN and Infinity are no settings.
extension Double: KeyValue {
    package static var expectation: String { "a number" }
    package init?(_ json: JSONValue) {
        switch json {
        case .integer(let value): self = Double(value)
        case .number(let value) where value.isFinite: self = value
        default: return nil
        }
    }
    package var json: JSONValue { .number(self) }
}

extension String: KeyValue {
    package static var expectation: String { "a text" }
    package init?(_ json: JSONValue) {
        guard case .string(let value) = json else { return nil }
        self = value
    }
    package var json: JSONValue { .string(self) }
}

/// A few words to choose from, such as `joint` and `released`.
public protocol KeyChoice: RawRepresentable<String>, CaseIterable, Sendable {}

/// What makes a choice a key's value; each choice adopts both protocols.
extension KeyValue where Self: KeyChoice {
    package static var expectation: String {
        let names = allCases.map { "\"\($0.rawValue)\"" }
        return names.count == 1 ? names[0] : "one of \(names.joined(separator: ", "))"
    }
    package init?(_ json: JSONValue) {
        guard case .string(let name) = json else { return nil }
        self.init(rawValue: name)
    }
    package var json: JSONValue { .string(rawValue) }
}
