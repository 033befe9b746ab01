/// Finds tokens in a text: added ones at the leftmost position, the longest one; or all that begin at a position.
struct TokenTrie: Sendable {
    private struct Node: Sendable {
        let byte: UInt8
        var firstChild: Int?
        var nextSibling: Int?
        /// The token that ends here.
        var id: Int?
    }

    /// Node 0 is the root; children of a node are a linked list.
    private var nodes = [Node(byte: 0)]
    /// The nodes of first bytes, so that text without tokens is passed over quickly.
    private var nodeOfFirstByte = [Int?](repeating: nil, count: 256)

    var isEmpty: Bool { nodes.count == 1 }

    /// Adds a token; false if another one is spelled the same.
    mutating func insert(_ token: some Sequence<UInt8>, id: Int) -> Bool {
        var node = 0
        for byte in token {
            if let child = child(of: node, byte: byte) {
                node = child
            } else {
                nodes.append(Node(byte: byte, nextSibling: nodes[node].firstChild))
                nodes[node].firstChild = nodes.count - 1
                if node == 0 { nodeOfFirstByte[Int(byte)] = nodes.count - 1 }
                node = nodes.count - 1
            }
        }
        guard nodes[node].id == nil else { return false }
        nodes[node].id = id
        return true
    }

    /// The first match that starts at or after `start`.
    func firstMatch(in text: [UInt8], from start: Int) -> (range: Range<Int>, id: Int)? {
        for position in start..<text.count {
            guard var node = nodeOfFirstByte[Int(text[position])] else { continue }
            var end = position + 1
            var longest: (range: Range<Int>, id: Int)?
            while true {
                if let id = nodes[node].id { longest = (position..<end, id) }
                guard end < text.count, let child = child(of: node, byte: text[end]) else { break }
                node = child
                end += 1
            }
            if let longest { return longest }
        }
        return nil
    }

    /// Calls `body` with every token that begins at `start`, the shortest first.
    func forEachToken(in text: ArraySlice<UInt8>, from start: Int, _ body: (_ end: Int, _ id: Int) -> Void) {
        guard var node = nodeOfFirstByte[Int(text[start])] else { return }
        var end = start + 1
        while true {
            if let id = nodes[node].id { body(end, id) }
            guard end < text.endIndex, let child = child(of: node, byte: text[end]) else { return }
            node = child
            end += 1
        }
    }

    private func child(of node: Int, byte: UInt8) -> Int? {
        var child = nodes[node].firstChild
        while let candidate = child, nodes[candidate].byte != byte { child = nodes[candidate].nextSibling }
        return child
    }
}
