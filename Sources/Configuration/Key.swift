import Files

/// One key of a section: its name, where its value goes, and what values it takes. The default is what a fresh section
/// holds.
package struct Key<Section>: Sendable {
    package let name: String
    /// What a value has to be, in words.
    package let expectation: String
    /// Sets the value; false where it is not as expected.
    package let assign: @Sendable (JSONValue, inout Section) -> Bool
    package let value: @Sendable (Section) -> JSONValue

    package init<Value: KeyValue>(
        _ name: String, _ path: WritableKeyPath<Section, Value> & Sendable, _ range: Allowed<Value> = .any
    ) {
        self.name = name
        expectation = range.expectation
        assign = { json, section in
            guard let value = range.value(json) else { return false }
            section[keyPath: path] = value
            return true
        }
        value = { $0[keyPath: path].json }
    }

    /// A key that may be null.
    package init<Value: KeyValue>(
        _ name: String, _ path: WritableKeyPath<Section, Value?> & Sendable, _ range: Allowed<Value> = .any
    ) {
        self.name = name
        expectation = "\(range.expectation), or null"
        assign = { json, section in
            let value = range.value(json)
            guard value != nil || json == .null else { return false }
            section[keyPath: path] = value
            return true
        }
        value = { $0[keyPath: path]?.json ?? .null }
    }

    /// A key whose value is a list, with at least one element unless it may be empty.
    package init<Value: KeyValue>(
        _ name: String, _ path: WritableKeyPath<Section, [Value]> & Sendable, _ range: Allowed<Value> = .any,
        mayBeEmpty: Bool = false
    ) {
        self.name = name
        expectation = "a list\(mayBeEmpty ? "" : ", not empty"), and in it each \(range.expectation)"
        assign = { json, section in
            guard case .array(let elements) = json else { return false }
            let values = elements.compactMap(range.value)
            guard values.count == elements.count, mayBeEmpty || !values.isEmpty else { return false }
            section[keyPath: path] = values
            return true
        }
        value = { .array($0[keyPath: path].map(\.json)) }
    }
}

/// Which values of a type a key takes.
package struct Allowed<Value: KeyValue>: Sendable {
    package let expectation: String
    package let accepts: @Sendable (Value) -> Bool

    package init(expectation: String, accepts: @escaping @Sendable (Value) -> Bool) {
        (self.expectation, self.accepts) = (expectation, accepts)
    }

    package func value(_ json: JSONValue) -> Value? { Value(json).flatMap { accepts($0) ? $0 : nil } }

    package static var any: Allowed { Allowed(expectation: Value.expectation) { _ in true } }
}

/// Seeds up to here are whole numbers in every language that reads JSON, and leave room for those that follow.
package let largestSeed = 1 << 53

extension Allowed where Value: Comparable {
    package static func from(_ least: Value) -> Allowed {
        Allowed(expectation: "\(Value.expectation) from \(least) up") { $0 >= least }
    }
    package static func above(_ bound: Value) -> Allowed {
        Allowed(expectation: "\(Value.expectation) above \(bound)") { $0 > bound }
    }
    package static func within(_ range: ClosedRange<Value>) -> Allowed {
        Allowed(expectation: "\(Value.expectation) from \(range.lowerBound) to \(range.upperBound)") {
            range.contains($0)
        }
    }
    package static func within(_ range: Range<Value>) -> Allowed {
        Allowed(expectation: "\(Value.expectation) from \(range.lowerBound) to below \(range.upperBound)") {
            range.contains($0)
        }
    }
}

extension Allowed<String> {
    package static var notEmpty: Allowed { Allowed(expectation: "a text that is not empty") { !$0.isEmpty } }
    package static var path: Allowed { Allowed(expectation: "a path") { !$0.isEmpty } }
}
