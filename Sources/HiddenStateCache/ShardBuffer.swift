import Foundation
import LogitSketches
import Safetensors
import Tensor

/// One shard in memory while it is being filled, in the form in which it is stored. One buffer serves all shards.
///
/// A class because it owns its memory. `@unchecked Sendable`: threads encode different rows.
final class ShardBuffer: @unchecked Sendable {
    let description: CacheDescription
    let capacity: Int
    let recordsBehaviour: Bool
    private(set) var count = 0
    private let sketches: SketchBuffer<Float>
    private var labels: [Int32] = []
    private var trajectories: [Int32] = []
    private var positions: [Int32] = []
    private var behaviour: [Float] = []
    private let hidden: UnsafeMutableRawBufferPointer
    private let rowBytes: Int

    init(capacity: Int, _ description: CacheDescription, recordsBehaviour: Bool = false) {
        (self.capacity, self.recordsBehaviour) = (capacity, recordsBehaviour)
        self.description = description
        sketches = SketchBuffer(
            capacity: capacity, vocabularySize: description.vocabularySize, shape: description.sketch)
        rowBytes = description.storedSize * description.hiddenType.byteWidth
        hidden = .allocate(byteCount: max(1, capacity * rowBytes), alignment: 64)
    }

    deinit { hidden.deallocate() }

    func removeAll() {
        count = 0
        labels.removeAll(keepingCapacity: true)
        trajectories.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        behaviour.removeAll(keepingCapacity: true)
    }

    /// Adds tokens.
    ///
    /// - Parameters:
    ///   - hidden: [n, D or rank].
    ///   - logits: [n, V].
    ///   - behaviour: n log-probabilities where they are recorded, else none.
    /// - Throws: ``LogitsError`` for an unsound row; ``UnstorableState`` for a hidden state that is not finite once
    ///   stored.
    func append(
        hidden states: Tensor<Float>, logits: Tensor<Float>, labels: ArraySlice<Int>, trajectories: ArraySlice<Int>,
        positions: ArraySlice<Int>, behaviour: ArraySlice<Float> = []
    ) throws {
        require(
            states.columns == description.storedSize && states.rows == logits.rows,
            "hidden states \(states.shape) and logits \(logits.shape) for \(description.storedSize) columns")
        try sketches.fill(from: count, logits: logits, labels: labels)
        if let row = encode(states) { throw UnstorableState(row: row) }
        self.labels += labels.map(Int32.init)
        self.trajectories += trajectories.map(Int32.init)
        self.positions += positions.map(Int32.init)
        self.behaviour += behaviour
        count += states.rows
    }

    /// Stores hidden states behind those that are there; the first row that holds no finite number in the stored type,
    /// or nil.
    private func encode(_ states: Tensor<Float>) -> Int? {
        let columns = states.columns, rows = states.rows, type = description.hiddenType, rowBytes = rowBytes
        var unsound = [Int?](repeating: nil, count: (rows + 63) / 64)
        states.withUnsafeBufferPointer { source in
            unsound.withUnsafeMutableBufferPointer { unsound in
                guard let first = source.baseAddress, let start = hidden.baseAddress else { return }
                nonisolated(unsafe) let source = first, target = start + count * rowBytes, unsound = unsound
                Parallel.forEachBlock(of: rows, blockSize: 64) { block in
                    var check = [Float](repeating: 0, count: columns)
                    for row in block {
                        _ = Float.encode(source + row * columns, columns, as: type, into: target + row * rowBytes)
                        // Read back, because F16 has a largest number that Float passes.
                        _ = Float.decode(target + row * rowBytes, columns, from: type, into: &check)
                        if !isFinite(check, columns) {
                            unsound[block.lowerBound / 64] = row
                            return
                        }
                    }
                }
            }
        }
        return unsound.lazy.compactMap { $0 }.first
    }

    /// Writes the shard: whole, to a temporary name, flushed and renamed.
    func write(to path: String, metadata: [String: String]) throws {
        let declarations = ShardFile.declarations(tokens: count, description, hasBehaviour: recordsBehaviour)
        let writer = try SafetensorsWriter(path: path, tensors: declarations, metadata: metadata)
        let columns = sketches.bytes(count: count)
        for declaration in declarations {
            let name = declaration.name
            switch name {
            case "label": try writer.append(labels, to: name)
            case "trajectory": try writer.append(trajectories, to: name)
            case "position": try writer.append(positions, to: name)
            case "behaviour_log_prob": try writer.append(behaviour, to: name)
            case "hidden":
                try writer.append(bytes: UnsafeRawBufferPointer(rebasing: hidden[0..<count * rowBytes]), to: name)
            default:
                guard let bytes = columns[name] else { continue }
                try writer.append(bytes: bytes, to: name)
            }
        }
        try writer.finish()
    }
}

/// A hidden state that is not finite, or leaves the range of its stored type.
struct UnstorableState: Error {
    let row: Int
}

/// Whether all numbers are finite.
@inline(never)
func isFinite(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
    var bad: UInt32 = 0
    for i in 0..<count { bad |= x[i].bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
    return bad == 0
}
