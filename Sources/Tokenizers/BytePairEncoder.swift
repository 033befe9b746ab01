/// Turns pieces of text into ids: the model together with the memory of one text.
///
/// Merging takes O(n log n) in the length of a piece, which can be the whole text. Short pieces are remembered: in
/// ordinary text most come again.
struct BytePairEncoder {
    private struct Symbol {
        var id: UInt32
        /// Neighbours that are still there; -1 at the ends.
        var previous: Int32
        var next: Int32
        var isMerged = false
    }

    private let model: BytePairEncoding
    private var symbols: [Symbol] = []
    private var queue = MergeQueue()

    /// Where the ids of a known piece start in `knownIDs`: their count, then they.
    private var knownPieces = ByteStringTable()
    private var knownIDs: [Int] = []
    private static let mostKnownPieces = 1 << 16
    private static let longestKnownPiece = 128

    init(_ model: BytePairEncoding) {
        self.model = model
    }

    mutating func append(_ piece: ArraySlice<UInt8>, to ids: inout [Int]) {
        if let start = knownPieces.value(for: piece) {
            ids.append(contentsOf: knownIDs[(start + 1)...].prefix(knownIDs[start]))
            return
        }
        let firstNew = ids.count
        if model.ignoresMerges, let id = model.vocabulary.value(for: piece) {
            ids.append(id)
        } else {
            readSymbols(piece)
            mergeSymbols()
            for symbol in symbols where !symbol.isMerged { ids.append(Int(symbol.id)) }
        }
        if piece.count <= Self.longestKnownPiece, knownPieces.count < Self.mostKnownPieces {
            knownPieces.set(piece, to: knownIDs.count)
            knownIDs.append(ids.count - firstNew)
            knownIDs.append(contentsOf: ids[firstNew...])
        }
    }

    /// One symbol for every character that is a token; others become their bytes, or unknown ones, or are dropped.
    ///
    /// An unknown one waits for the next token, and bytes go past it: that is the order of Hugging Face's library.
    private mutating func readSymbols(_ piece: ArraySlice<UInt8>) {
        symbols.removeAll(keepingCapacity: true)
        var unknownIsWaiting = false
        var start = piece.startIndex
        while start < piece.endIndex {
            var end = start + 1
            while end < piece.endIndex, piece[end] & 0xC0 == 0x80 { end += 1 }
            let character = piece[start..<end]
            start = end
            if let id = model.vocabulary.value(for: character) {
                if unknownIsWaiting { appendUnknown() }
                unknownIsWaiting = false
                append(UInt32(id))
            } else if let bytes = model.bytes?.ids(of: character) {
                for id in bytes { append(UInt32(id)) }
            } else {
                if unknownIsWaiting, !model.fusesUnknown { appendUnknown() }
                unknownIsWaiting = true
            }
        }
        if unknownIsWaiting { appendUnknown() }
        if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
    }

    private mutating func appendUnknown() {
        if let id = model.unknownID { append(id) }
    }

    private mutating func append(_ id: UInt32) {
        let position = Int32(symbols.count)
        symbols.append(Symbol(id: id, previous: position - 1, next: position + 1))
    }

    /// Makes the merge of lowest rank, leftmost first, until none is left.
    private mutating func mergeSymbols() {
        queue.removeAll()
        for position in symbols.indices.dropLast() { enqueueMerge(at: position) }
        while let (rank, position) = queue.removeFirst() {
            let left = symbols[position]
            guard !left.isMerged, left.next >= 0 else { continue }
            let right = symbols[Int(left.next)]
            // Another merge may have changed the pair since this one was queued.
            guard model.merges.rank(left: left.id, right: right.id) == rank else { continue }

            symbols[Int(left.next)].isMerged = true
            symbols[position].id = model.merges.product(ofRank: rank)
            symbols[position].next = right.next
            if right.next >= 0 {
                symbols[Int(right.next)].previous = Int32(position)
                enqueueMerge(at: position)
            }
            if left.previous >= 0 { enqueueMerge(at: Int(left.previous)) }
        }
    }

    private mutating func enqueueMerge(at position: Int) {
        let left = symbols[position]
        if let rank = model.merges.rank(left: left.id, right: symbols[Int(left.next)].id) {
            queue.insert(rank: rank, position: position)
        }
    }
}

/// The merges that could be made next, the one of lowest rank first, and of equal ranks the leftmost: a binary heap.
private struct MergeQueue {
    /// Rank and position in one number, so that comparing numbers compares both.
    private var heap: [UInt64] = []

    mutating func removeAll() {
        heap.removeAll(keepingCapacity: true)
    }

    mutating func insert(rank: UInt32, position: Int) {
        let item = UInt64(rank) << 32 | UInt64(position)
        var child = heap.count
        heap.append(item)
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent] <= item { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = item
    }

    mutating func removeFirst() -> (rank: UInt32, position: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            var parent = 0
            while true {
                var child = 2 * parent + 1
                if child >= heap.count { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                if heap[child] >= last { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        return (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
    }
}
