import Tensor

/// Mean and covariance of hidden states, gathered in a first pass over them: from these follow their principal
/// components.
///
/// Sums run in Double over blocks of fixed size, less the first block's mean: their bits depend on the states and their
/// order alone, not on the pieces in which they are handed over.
public struct PrincipalComponents: Sendable {
    /// D.
    public let hiddenSize: Int
    /// Number of states so far.
    public private(set) var count = 0
    /// Σ (h − s)(h − s)ᵀ and Σ (h − s) over whole blocks, s the mean of the first one.
    private var products: Tensor<Double>
    private var sums: Tensor<Double>
    private var shift: Tensor<Double>?
    /// States of the block that is not yet full.
    private var pending: [Float] = []

    static let blockRows = 256

    public init(hiddenSize: Int) {
        self.hiddenSize = hiddenSize
        products = Tensor(shape: [hiddenSize, hiddenSize])
        sums = Tensor(shape: [1, hiddenSize])
    }

    /// Adds hidden states, [N, D].
    public mutating func add(_ hidden: Tensor<Float>) {
        require(hidden.columns == hiddenSize, "hidden states \(hidden.shape) for D = \(hiddenSize)")
        count += hidden.rows
        hidden.withUnsafeBufferPointer { pending.append(contentsOf: $0) }
        let size = Self.blockRows * hiddenSize
        var start = 0
        while pending.count - start >= size {
            addBlock(pending[start..<start + size])
            start += size
        }
        pending.removeFirst(start)
    }

    private mutating func addBlock(_ values: ArraySlice<Float>) {
        let rows = values.count / hiddenSize
        var block = Tensor<Double>(shape: [rows, hiddenSize], values.map { Double($0) })
        let shift = shift ?? block.columnSums() * (1 / Double(rows))
        self.shift = shift
        block = block - shift
        sums.add(block.columnSums())
        products.setProduct(block.matrix.transposed, block.matrix, accumulate: true)
    }

    /// The projection onto the `rank` directions of largest variance.
    ///
    /// A component's sign is such that its largest number, by magnitude, is positive.
    ///
    /// - Throws: ``CacheError`` where the rank is not within 1 and D, or there are no states.
    public func projection(rank: Int) throws -> Projection {
        guard (1...hiddenSize).contains(rank) else {
            throw CacheError("projection", "rank is \(rank), expected a whole number from 1 to \(hiddenSize)")
        }
        guard count > 0 else {
            throw CacheError("projection", "there are no hidden states, expected some to find components of")
        }
        var whole = self
        if !whole.pending.isEmpty { whole.addBlock(whole.pending[...]) }
        guard let shift = whole.shift else {
            throw CacheError("projection", "there are no hidden states, expected some to find components of")
        }
        let offset = whole.sums * (1 / Double(count))
        var covariance = whole.products * (1 / Double(count))
        covariance.setProduct(offset.matrix.transposed, offset.matrix, scale: -1, accumulate: true)
        let vectors = try covariance.symmetricEigenvectors(largest: rank)
        let components = Tensor<Float>(shape: [rank, hiddenSize]) { target in
            for component in 0..<rank {
                let row = (0..<hiddenSize).map { vectors[component, $0] }
                let largest = row.max { abs($0) < abs($1) } ?? 0
                for column in 0..<hiddenSize {
                    target[component * hiddenSize + column] = Float(largest < 0 ? -row[column] : row[column])
                }
            }
        }
        return Projection(mean: (shift + offset).converted(), components: components)
    }
}
