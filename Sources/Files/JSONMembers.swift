import Foundation

/// The members of a JSON object, each value as the text that stood in the file.
///
/// For a configuration that gets or loses a few members and must keep the others as they are: `1e-05` stays `1e-05`,
/// `10000.0` does not become `10000`, and members keep their order.
public struct JSONMembers: Sendable, Equatable {
    /// The names of the members, in the order of the file.
    public private(set) var names: [String] = []
    private var texts: [String: String] = [:]

    /// An object without members.
    public init() {}

    /// Reads a document that is one object.
    ///
    /// - Parameter file: the path that messages name.
    /// - Throws: `FileError` of kind `malformed` for what is no JSON or no object, and where a name is repeated.
    public init(_ document: Data, file: String) throws {
        try document.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, file: file, origin: 0)
            try scanner.object("the configuration") { scanner, name, _ in
                let start = scanner.nextPosition()
                try scanner.skipValue()
                set(name, String(decoding: bytes[start..<scanner.position], as: UTF8.self))
            }
            try scanner.end()
        }
    }

    /// Reads a file.
    ///
    /// - Throws: `FileError` of kind `cannotOpen` where it cannot be read; as ``init(_:file:)`` does.
    public init(path: String) throws {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw FileError(.cannotOpen, file: path, "cannot be read: \(error.localizedDescription)")
        }
        try self.init(data, file: path)
    }

    /// The text of a member's value, as JSON; nil takes the member away. New members come last.
    public subscript(name: String) -> String? {
        get { texts[name] }
        set {
            if let newValue {
                set(name, newValue)
            } else {
                texts[name] = nil
                names.removeAll { $0 == name }
            }
        }
    }

    /// A member that is a text.
    public func string(_ name: String) -> String? { decoded(name) }

    /// A member that is a whole number.
    public func integer(_ name: String) -> Int? { decoded(name) }

    /// A member that is true or false.
    public func bool(_ name: String) -> Bool? { decoded(name) }

    /// Sets a member to a text.
    public mutating func set(_ name: String, string: String) { set(name, Self.quote(string)) }

    /// A text as JSON.
    public static func quote(_ text: String) -> String {
        var bytes = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                bytes += Array((byte < 0x10 ? "\\u000" : "\\u00").utf8) + Array(String(byte, radix: 16).utf8)
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The object, a member a line.
    public var text: String {
        let lines = names.map { "  \(Self.quote($0)): \(texts[$0] ?? "null")" }
        return lines.isEmpty ? "{}\n" : "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }

    private mutating func set(_ name: String, _ text: String) {
        if texts.updateValue(text, forKey: name) == nil { names.append(name) }
    }

    private func decoded<Value: Decodable>(_ name: String) -> Value? {
        texts[name].flatMap { try? JSONDecoder().decodeGuarded(Value.self, from: Data($0.utf8)) }
    }
}
