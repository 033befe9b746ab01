import Foundation

/// A value of a configuration file, of whatever type.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads JSON5: JSON with comments, names without quotes and a comma after the last element. Of a name that stands
    /// twice in an object the first counts.
    ///
    /// - Throws: `DecodingError` for what is not JSON5.
    package init(json5 data: Data) throws {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        self = try decoder.decodeGuarded(JSONValue.self, from: data)
    }

    /// How a message shows it: short values as they are, long ones by their kind.
    package var shown: String {
        switch self {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        case .string(let text):
            let shown = text.prefix(60).split(whereSeparator: \.isNewline).joined(separator: "\\n")
            return "\"\(shown)\(text.count > 60 ? "…" : "")\""
        case .array(let elements):
            let text = "[" + elements.map(\.shown).joined(separator: ", ") + "]"
            return text.count <= 60 ? text : "a list of \(elements.count)"
        case .object: return "an object"
        }
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}

extension JSONValue: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
