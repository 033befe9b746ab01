import Foundation
import Tensor

/// The logits of N tokens, each row sorted once in descending order: the exact form, which tests and small vocabularies
/// use, and against which sketches are held.
///
/// Rows are stored as depths x = l − l₀ ≤ 0 in blocks of 256 ranks, each block in lane-major order. Impossible tokens
/// have depth −1e30, and so have the places beyond V.
public struct SortedRows<Element: Scalar>: TokenLogits {
    static var blockSize: Int { 256 }
    static var impossibleDepth: Element { Element(largestImpossibleLogit) }

    /// N, the number of tokens.
    public let count: Int
    /// V, the number of logits of a token.
    public let vocabularySize: Int
    /// The place of each label in descending order of logits, 0 for the arg max; N numbers.
    public let labelRanks: [Int]
    /// x of each label.
    let labelDepths: [Double]
    /// [N, blocks · 256].
    let depths: Tensor<Element>
    /// softmax(l)_y of each token, [N, 1].
    public private(set) var baseProbabilities: Tensor<Element>

    var blocksPerRow: Int { (vocabularySize + Self.blockSize - 1) / Self.blockSize }

    /// Sorts the rows of `logits`, [N, V], in linear time for `Float`.
    ///
    /// - Parameter labels: N token ids.
    /// - Throws: ``LogitsError`` with the row's number for NaN, +∞, a row without a possible token, and a label that is
    ///   impossible or not in the vocabulary.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public init(logits: Tensor<Element>, labels: [Int]) throws {
        let count = logits.rows, V = logits.columns, size = Self.blockSize, padded = (V + size - 1) / size * size
        require(labels.count == count, "\(labels.count) labels for logits of shape \(logits.shape)")
        var ranks: [Int] = [], labelDepths: [Double] = []
        depths = try Tensor(shape: [count, padded]) { result in
            var sorted = [Element](repeating: 0, count: V)
            try withPointers(to: logits) { logits in
                for row in 0..<count {
                    let l = UnsafeBufferPointer(start: logits + row * V, count: V)
                    if let error = LogitsError.find(in: l, label: labels[row], number: row) { throw error }
                    let label = labels[row], labelLogit = l[label]
                    // Before the label an equal logit precedes it, after it only a larger one does.
                    var rank = 0
                    for i in 0..<V where l[i] > labelLogit || (l[i] == labelLogit && i < label) { rank += 1 }
                    ranks.append(rank)
                    for i in 0..<V { sorted[i] = l[i] }
                    sortDescending(&sorted)
                    let largest = sorted[0]
                    labelDepths.append(Double(labelLogit) - Double(largest))
                    let target = result.baseAddress! + row * padded
                    for block in stride(from: 0, to: padded, by: size) {
                        LaneMajor.fill(
                            target + block, height: size / 16, count: V - block, padding: Self.impossibleDepth
                        ) { rank in
                            let logit = sorted[block + rank]
                            return Double(logit) <= largestImpossibleLogit ? Self.impossibleDepth : logit - largest
                        }
                    }
                }
            }
        }
        (self.count, vocabularySize, labelRanks, self.labelDepths) = (count, V, ranks, labelDepths)
        baseProbabilities = Tensor(shape: [count, 1])
        let ones = Tensor<Element>(shape: [count, 1], repeating: 1)
        // The temperature loss at T = 1 is −log softmax(l)_y.
        baseProbabilities = (losses(temperature: ones, topP: ones, constants: LossConstants()).temperature * -1)
            .exponential()
    }
}

/// Sorts in descending order; −∞ comes last, and there is no NaN.
@_specialize(where Element == Float) @_specialize(where Element == Double)
func sortDescending<Element: Scalar>(_ values: inout [Element]) {
    values.withUnsafeMutableBufferPointer { values in
        if Element.self == Float.self {
            values.withMemoryRebound(to: Float.self) { radixSortDescending($0) }
        } else {
            values.sort(by: >)
        }
    }
}

/// Least-significant-digit radix sort in three passes of 11 bits, linear in the number of values.
private func radixSortDescending(_ values: UnsafeMutableBufferPointer<Float>) {
    // A negative float's bits order the wrong way round, a positive one's the right way; inverted, ascending keys are
    // descending values.
    var keys = values.map { x in
        let bits = x.bitPattern
        return ~(bits ^ (bits >> 31 == 1 ? .max : 1 << 31))
    }
    var other = keys
    for shift: UInt32 in [0, 11, 22] {
        var starts = [Int](repeating: 0, count: 2049)
        for key in keys { starts[Int(key >> shift & 2047) + 1] += 1 }
        for digit in 1..<2049 { starts[digit] += starts[digit - 1] }
        for key in keys {
            let digit = Int(key >> shift & 2047)
            other[starts[digit]] = key
            starts[digit] += 1
        }
        swap(&keys, &other)
    }
    for (i, key) in keys.enumerated() {
        let bits = ~key
        values[i] = Float(bitPattern: bits ^ (bits >> 31 == 1 ? 1 << 31 : .max))
    }
}
