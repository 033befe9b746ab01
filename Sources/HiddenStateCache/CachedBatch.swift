import LogitSketches
import Safetensors
import Tensor

/// The tokens of some trajectories, in a form for heads: a buffer that is filled again and again without new memory.
///
/// Whoever keeps a tensor of it across ``HiddenStateCache/load(_:maxTokens:into:)`` keeps its content; the next filling
/// then takes new memory.
public struct CachedBatch<Element: Scalar & StoredScalar>: Sendable {
    /// [N, D or rank]; of no rows in a batch that leaves hidden states ``stored``.
    public internal(set) var hidden: Tensor<Element>
    /// The same as the cache's own BF16 numbers, where they lie in its files; nil in a batch that widens them.
    public internal(set) var stored: BF16Matrix?
    public internal(set) var sketches: LogitSketches<Element>
    /// For each token its label, the trajectory's line, and the label's index in prompt + completion.
    public internal(set) var labels: [Int] = []
    public internal(set) var trajectories: [Int] = []
    public internal(set) var positions: [Int] = []

    /// Runs of rows that ``stored`` points at: their pages go when the next ones come.
    var touched: [TrajectoryIndex] = []

    /// N.
    public var count: Int { labels.count }
    /// Place of each label in descending order of logits, 0 for the arg max.
    public var labelRanks: [Int] { sketches.labelRanks }
}

extension HiddenStateCache {
    /// A buffer for batches.
    ///
    /// - Parameter leavesStored: whether hidden states are left where they lie, as BF16 numbers; the cache must store
    ///   them so.
    public func emptyBatch<Element: Scalar & StoredScalar>(
        as type: Element.Type = Float.self, leavesStored: Bool = false
    ) -> CachedBatch<Element> {
        require(
            !leavesStored || description.hiddenType == .bf16,
            "hidden states in \(description.hiddenType.rawValue) are no BF16 numbers")
        return CachedBatch(
            hidden: Tensor(shape: [0, description.storedSize]),
            stored: leavesStored
                ? BF16Matrix(columns: description.storedSize, rowPointers: [], owner: self) : nil,
            sketches: LogitSketches(vocabularySize: description.vocabularySize, shape: description.sketch))
    }

    /// The tokens of some trajectories, one after the other.
    ///
    /// - Parameter maxTokens: of each trajectory only so many of its first tokens are taken.
    /// - Throws: as ``load(_:maxTokens:into:)`` does.
    public func batch<Element: Scalar & StoredScalar>(
        of trajectories: [TrajectoryIndex], maxTokens: Int? = nil, as type: Element.Type = Float.self
    ) throws -> CachedBatch<Element> {
        var batch = emptyBatch(as: type)
        try load(trajectories, maxTokens: maxTokens, into: &batch)
        return batch
    }

    /// Fills a batch with the tokens of some trajectories, one after the other, in parallel over runs of rows.
    ///
    /// - Parameter maxTokens: of each trajectory only so many of its first tokens are taken.
    /// - Throws: ``CacheError`` with shard and row where a label is not in the vocabulary, a hidden state is not
    ///   finite, or a sketch contradicts itself.
    public func load<Element: Scalar & StoredScalar>(
        _ trajectories: [TrajectoryIndex], maxTokens: Int? = nil, into batch: inout CachedBatch<Element>
    ) throws {
        let pieces = Self.pieces(of: trajectories, maxTokens: maxTokens),
            count = pieces.last.map { $0.start + $0.rows.count } ?? 0
        require(batch.hidden.columns == description.storedSize, "a batch of another cache")
        if batch.stored != nil {
            didTouch(batch.touched)
            batch.touched = []
            batch.stored = try storedHidden(pieces)
        } else {
            batch.hidden.resize(to: [count, description.storedSize])
            try loadHidden(pieces, into: &batch.hidden)
        }
        do {
            try batch.sketches.load(pieces.map { shards[$0.rows.shard].sketches[$0.rows.range] })
        } catch let error as LogitsError {
            let piece = pieces.last { $0.start <= error.row } ?? pieces[0]
            throw problem(piece, error.row - piece.start, error.problem)
        }
        try loadLabels(pieces, into: &batch)
        if batch.stored == nil { didTouch(pieces.map(\.rows)) } else { batch.touched = pieces.map(\.rows) }
    }

    /// A run of rows of one shard, and the row of the batch where it goes.
    private struct Piece {
        var rows: TrajectoryIndex
        var start: Int
    }

    /// Rows that one thread takes at a time.
    private static let pieceRows = 128

    private static func pieces(of trajectories: [TrajectoryIndex], maxTokens: Int?) -> [Piece] {
        var pieces: [Piece] = [], start = 0
        for trajectory in trajectories {
            let tokens = trajectory.truncated(to: maxTokens).count
            for first in stride(from: 0, to: tokens, by: pieceRows) {
                let rows = trajectory[first..<min(tokens, first + pieceRows)]
                pieces.append(Piece(rows: rows, start: start))
                start += rows.count
            }
        }
        return pieces
    }

    private func problem(_ piece: Piece, _ row: Int, _ text: String) -> CacheError {
        CacheError(shards[piece.rows.shard].file.path, "row \(piece.rows.firstRow + row): \(text)")
    }

    private func loadHidden<Element: Scalar & StoredScalar>(
        _ pieces: [Piece], into hidden: inout Tensor<Element>
    ) throws {
        let columns = description.storedSize, type = description.hiddenType
        var unsound = [Int?](repeating: nil, count: pieces.count)
        hidden.withUnsafeMutableBufferPointer { hidden in
            unsound.withUnsafeMutableBufferPointer { unsound in
                guard let first = hidden.baseAddress else { return }
                nonisolated(unsafe) let target = first, unsound = unsound
                Parallel.forEachBlock(of: pieces.count, blockSize: 1) { block in
                    for number in block {
                        let piece = pieces[number]
                        guard let source = shards[piece.rows.shard].hidden.bytes.baseAddress else { continue }
                        for row in 0..<piece.rows.count {
                            let values = target + (piece.start + row) * columns
                            _ = Element.decode(
                                source + (piece.rows.firstRow + row) * columns * type.byteWidth, columns, from: type,
                                into: values)
                            if !allAreFinite(values, columns) {
                                unsound[number] = row
                                break
                            }
                        }
                    }
                }
            }
        }
        try requireFinite(pieces, unsound: unsound)
    }

    /// Hidden states where they lie, looked at once.
    private func storedHidden(_ pieces: [Piece]) throws -> BF16Matrix {
        let columns = description.storedSize
        var pointers: [UnsafeRawPointer] = []
        pointers.reserveCapacity(pieces.reduce(0) { $0 + $1.rows.count })
        for piece in pieces {
            guard let source = shards[piece.rows.shard].hidden.bytes.baseAddress else { continue }
            for row in piece.rows.range { pointers.append(source + 2 * row * columns) }
        }
        let hidden = BF16Matrix(columns: columns, rowPointers: pointers, owner: self)
        let unsound = Parallel.mapBlocks(of: pieces.count, blockSize: 1) { block -> Int? in
            let piece = pieces[block.lowerBound]
            return hidden.firstRowNotFinite(piece.start..<piece.start + piece.rows.count).map { $0 - piece.start }
        }
        try requireFinite(pieces, unsound: unsound)
        return hidden
    }

    /// - Parameter unsound: for each piece its first row with a number that is not finite.
    private func requireFinite(_ pieces: [Piece], unsound: [Int?]) throws {
        for (piece, row) in zip(pieces, unsound) {
            if let row { throw problem(piece, row, "the hidden state holds a number that is not finite") }
        }
    }

    private func loadLabels<Element>(_ pieces: [Piece], into batch: inout CachedBatch<Element>) throws {
        batch.labels.removeAll(keepingCapacity: true)
        batch.trajectories.removeAll(keepingCapacity: true)
        batch.positions.removeAll(keepingCapacity: true)
        for piece in pieces {
            let shard = shards[piece.rows.shard], labels = shard.labels.bytes, positions = shard.positions.bytes
            for row in 0..<piece.rows.count {
                let offset = 4 * (piece.rows.firstRow + row)
                let label = Int(labels.loadUnaligned(fromByteOffset: offset, as: Int32.self))
                guard (0..<description.vocabularySize).contains(label) else {
                    throw problem(
                        piece, row, "the label is \(label), expected one of \(description.vocabularySize) tokens")
                }
                batch.labels.append(label)
                batch.trajectories.append(piece.rows.number)
                batch.positions.append(Int(positions.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            }
        }
    }
}

extension TrajectoryIndex {
    /// Rows of the shard.
    var range: Range<Int> { firstRow..<firstRow + count }
}

/// Whether all numbers are finite: x − x is 0 for those alone.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func allAreFinite<Element: Scalar>(_ x: UnsafePointer<Element>, _ count: Int) -> Bool {
    var bad = 0
    for i in 0..<count { bad |= x[i] - x[i] == 0 ? 0 : 1 }
    return bad == 0
}
