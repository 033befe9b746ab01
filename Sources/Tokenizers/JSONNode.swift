import Files

/// A value of a JSON document together with where it stands, so that every complaint about it says so.
struct JSONNode {
    let tree: JSONTree
    /// File and JSON path, as in `tokenizer.json $.model.merges[3]`.
    let location: String

    init(file: String, bytes: [UInt8]) throws {
        tree = try JSONTree(parsing: bytes, file: file)
        location = "\(file) $"
    }

    private init(tree: JSONTree, location: String) {
        self.tree = tree
        self.location = location
    }

    var isNull: Bool { if case .null = tree { true } else { false } }

    /// The member `key`, or nil where the object has none or it is null. Of equal keys the last one counts.
    subscript(key: String) -> JSONNode? {
        get throws {
            guard let member = try members().last(where: { $0.key == key }) else { return nil }
            let node = JSONNode(tree: member.value, location: "\(location).\(key)")
            return node.isNull ? nil : node
        }
    }

    /// The member `key`, which must be there.
    func required(_ key: String) throws -> JSONNode {
        guard let node = try self[key] else {
            throw TokenizerError.malformed(location: "\(location).\(key)", found: "nothing", expected: "a value")
        }
        return node
    }

    func members() throws -> [(key: String, value: JSONTree)] {
        guard case .object(let members) = tree else { throw unexpected("an object") }
        return members
    }

    func elements() throws -> [JSONNode] {
        guard case .array(let elements) = tree else { throw unexpected("a list") }
        return elements.enumerated().map { JSONNode(tree: $1, location: "\(location)[\($0)]") }
    }

    func string() throws -> String {
        guard case .string(let string) = tree else { throw unexpected("a string") }
        return string
    }

    func bool() throws -> Bool {
        guard case .bool(let bool) = tree else { throw unexpected("true or false") }
        return bool
    }

    /// A token id: Hugging Face keeps them in 32 bits.
    func tokenID() throws -> Int {
        guard case .integer(let id) = tree, UInt32(exactly: id) != nil else {
            throw unexpected("a token id from 0 to \(UInt32.max)")
        }
        return id
    }

    func unexpected(_ expected: String) -> TokenizerError {
        .malformed(location: location, found: tree.kind, expected: expected)
    }

    func unsupported(_ found: String? = nil, supported: String) -> TokenizerError {
        .unsupported(location: location, found: found ?? tree.kind, supported: supported)
    }
}
