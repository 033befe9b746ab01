/// A flag of a command, and the Swift type that it gives: `--sketch 256,128` or `--json`.
///
///     let heads = Flag.string("heads", "DIR", "folder of the heads").required()
///     let sketch = Flag.integerPair("sketch", "K,B", in: 5...65_536, 1...65_536, "send the logits through the sketch")
///     let json = Flag.switch("json", "print one JSON object")
///
/// A command lists its flags and reads `arguments[heads]`, a `String`; `arguments[sketch]`, an `IntegerPair?`;
/// `arguments[json]`, a `Bool`. Values are checked while the command line is parsed.
public struct Flag<Value>: DeclaredFlag {
    public let declaration: FlagDeclaration
    /// The texts given, in order and already checked; none where the flag is absent.
    let read: @Sendable (_ texts: [String]) -> Value
}

/// Any flag, whatever its type.
public protocol DeclaredFlag: Sendable {
    var declaration: FlagDeclaration { get }
}

/// What parsing and help know of a flag.
public struct FlagDeclaration: Sendable {
    /// Without the dashes.
    let name: String
    /// Stands for the value in help and messages; nil for a switch.
    let placeholder: String?
    let help: String
    /// What a value has to be, in words.
    let expectation: String
    let accepts: @Sendable (String) -> Bool
    var isRequired = false
    var isRepeatable = false
    /// The default in words.
    var fallback: String?
}

/// Two whole numbers, written "256,128".
public struct IntegerPair: Equatable, Sendable, CustomStringConvertible {
    public let first: Int
    public let second: Int

    public init(_ first: Int, _ second: Int) {
        self.first = first
        self.second = second
    }

    init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let first = parts[0], let second = parts[1] else { return nil }
        self.init(first, second)
    }

    public var description: String { "\(first),\(second)" }
}

// MARK: Kinds

extension Flag where Value == Bool {
    /// A flag without a value: true where it is given.
    public static func `switch`(_ name: String, _ help: String) -> Flag {
        Flag(
            declaration: FlagDeclaration(
                name: name, placeholder: nil, help: help, expectation: "no value", accepts: { _ in false }),
            read: { !$0.isEmpty })
    }
}

extension Flag where Value == String? {
    /// Any text.
    public static func string(_ name: String, _ placeholder: String, _ help: String) -> Flag {
        Flag(name, placeholder, help, expectation: placeholder) { $0 }
    }

    /// One of a few words.
    public static func choice(_ name: String, _ choices: [String], _ help: String) -> Flag {
        precondition(!choices.isEmpty, "--\(name) has no choices")
        let words =
            choices.count == 1
            ? choices[0] : choices.dropLast().joined(separator: ", ") + " or " + choices[choices.count - 1]
        return Flag(name, choices.joined(separator: "|"), help, expectation: words) { choices.contains($0) ? $0 : nil }
    }
}

extension Flag where Value == Int? {
    /// A whole number. Such numbers multiply and allocate, so that each flag says how large they may be.
    public static func integer(
        _ name: String, _ placeholder: String, in range: ClosedRange<Int>, _ help: String
    ) -> Flag {
        Flag(name, placeholder, help, expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The seed of random numbers, 0 to 2⁵³ − 1, as configurations take them.
    public static func seed(_ name: String, _ placeholder: String, _ help: String) -> Flag {
        integer(name, placeholder, in: 0...(1 << 53 - 1), help)
    }
}

extension Flag where Value == Double? {
    /// A finite number.
    public static func number(_ name: String, _ placeholder: String, _ help: String) -> Flag {
        Flag(name, placeholder, help, expectation: "a number") { Double($0).flatMap { $0.isFinite ? $0 : nil } }
    }
}

extension Flag where Value == IntegerPair? {
    /// Two whole numbers with a comma between them, each in its range.
    public static func integerPair(
        _ name: String, _ placeholder: String, in first: ClosedRange<Int>, _ second: ClosedRange<Int>, _ help: String
    ) -> Flag {
        let words = [first, second].map { "\($0.lowerBound) to \($0.upperBound)" }
        return Flag(
            name, placeholder, help, expectation: "two whole numbers such as 256,128, from \(words[0]) and \(words[1])"
        ) {
            IntegerPair($0).flatMap { first.contains($0.first) && second.contains($0.second) ? $0 : nil }
        }
    }
}

extension Flag {
    private init<Wrapped>(
        _ name: String, _ placeholder: String, _ help: String, expectation: String,
        parse: @escaping @Sendable (String) -> Wrapped?
    ) where Value == Wrapped? {
        declaration = FlagDeclaration(
            name: name, placeholder: placeholder, help: help, expectation: expectation, accepts: { parse($0) != nil })
        read = { $0.last.flatMap(parse) }
    }
}

// MARK: Presence

extension Flag {
    /// The same flag, which must be given.
    public func required<Wrapped>() -> Flag<Wrapped> where Value == Wrapped? {
        var declaration = declaration
        declaration.isRequired = true
        let (name, read) = (declaration.name, read)
        return Flag<Wrapped>(declaration: declaration) { texts in
            guard let value = read(texts) else { preconditionFailure("parsing let --\(name) pass without a value") }
            return value
        }
    }

    /// The same flag, with a value for where it is absent.
    public func `default`<Wrapped: Sendable>(_ value: Wrapped) -> Flag<Wrapped> where Value == Wrapped? {
        var declaration = declaration
        declaration.fallback = "\(value)"
        let read = read
        return Flag<Wrapped>(declaration: declaration) { read($0) ?? value }
    }

    /// The same flag, which may be given many times; the values keep their order.
    public func repeated<Wrapped>() -> Flag<[Wrapped]> where Value == Wrapped? {
        var declaration = declaration
        declaration.isRepeatable = true
        let read = read
        return Flag<[Wrapped]>(declaration: declaration) { texts in texts.compactMap { read([$0]) } }
    }
}
