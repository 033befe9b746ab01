extension Section {
    /// What a key's value has to be, in words, where this one is not: for flags that say the same as a key.
    ///
    /// - Parameters:
    ///   - name: of a key that the section has.
    ///   - value: never null, also where the key may be.
    /// - Returns: nil where the key takes the value.
    package static func expectation(of name: String, unmetBy value: some KeyValue) -> String? {
        guard let key = keys.first(where: { $0.name == name }) else {
            preconditionFailure("the section \(self.name) has no key \(name)")
        }
        var section = Self()
        guard !key.assign(value.json, &section) else { return nil }
        return key.expectation.hasSuffix(orNull) ? String(key.expectation.dropLast(orNull.count)) : key.expectation
    }
}

/// How the expectation of a key that may be null ends.
let orNull = ", or null"
