import Foundation

/// What went wrong with a file, in one sentence: what was found, what was expected, where.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Kind: Sendable {
        /// The file or folder is not there, is not a regular file, or cannot be read.
        case cannotOpen
        /// The bytes are not what the file's format says.
        case malformed
        /// Nothing in the file has the name that was asked for.
        case missing
        /// A tensor has another shape or type than was asked for.
        case mismatch
        /// A type, or one value, does not convert to the type that was asked for.
        case unconvertible
        /// The folder, the disk or the caller's own declarations do not allow writing.
        case cannotWrite
    }

    /// The kind of fault.
    public let kind: Kind
    /// The path as the caller gave it.
    public let file: String
    /// Position in the file, counted from 0, where one place is to blame.
    public let byte: Int?
    /// The sentence without the place.
    public let reason: String

    /// An error about a file, and where it is known, about a byte of it.
    public init(_ kind: Kind, file: String, byte: Int? = nil, _ reason: String) {
        self.kind = kind
        self.file = file
        self.byte = byte
        self.reason = reason
    }

    /// The file, the place and the reason as one sentence.
    public var description: String {
        byte.map { "\(file), byte \($0): \(reason)" } ?? "\(file): \(reason)"
    }
}

/// A name from a file as it may stand in a message: in quotes, on one line, not longer than 80 characters.
public func quoted(_ name: String) -> String {
    var text = "'"
    for (index, scalar) in name.unicodeScalars.enumerated() {
        if index == 80 { return text + "…'" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            text += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            text.unicodeScalars.append(scalar)
        }
    }
    return text + "'"
}

/// The system's words for the last failed call. Read `errno` at once: any later call may change it.
public func systemReason(_ code: Int32) -> String {
    String(cString: strerror(code))
}
