/// An argument without a flag, told by its place: the folder in `autodeco-inspect model DIR`.
///
///     let folder = Positional.required("DIR", "the model's folder")
public struct Positional<Value>: DeclaredPositional {
    public let declaration: PositionalDeclaration
    let read: @Sendable (_ texts: [String]) -> Value
}

/// Any positional argument, whatever its type.
public protocol DeclaredPositional: Sendable {
    var declaration: PositionalDeclaration { get }
}

/// What parsing and help know of a positional argument.
public struct PositionalDeclaration: Sendable {
    /// In the order in which they may stand.
    enum Presence: Comparable, Sendable {
        case required, optional, rest
    }

    let name: String
    let help: String
    let presence: Presence
}

extension Positional where Value == String {
    /// An argument that must be given.
    public static func required(_ name: String, _ help: String) -> Positional {
        Positional(declaration: PositionalDeclaration(name: name, help: help, presence: .required)) { texts in
            guard let text = texts.first else { preconditionFailure("parsing let \(name) pass without a value") }
            return text
        }
    }
}

extension Positional where Value == String? {
    /// An argument that may be left out; it stands behind the required ones.
    public static func optional(_ name: String, _ help: String) -> Positional {
        Positional(declaration: PositionalDeclaration(name: name, help: help, presence: .optional)) { $0.first }
    }
}

extension Positional where Value == [String] {
    /// All arguments that are left, possibly none; it stands last.
    public static func rest(_ name: String, _ help: String) -> Positional {
        Positional(declaration: PositionalDeclaration(name: name, help: help, presence: .rest)) { $0 }
    }
}
