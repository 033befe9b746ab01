import Tensor

/// One head's small parameters in whole vectors: rows of b₁, W₂, and of each column of W₁ beyond D (those for T̂ and
/// the features). Lanes beyond the inner width hold 0, and with them relu and all gradients there are 0.
struct StackedHead<Element: Scalar>: Sendable {
    let parameters: HeadParameters<Tensor<Element>>
    let inner: Int
    let extras: Int
    /// Vectors of sixteen that the inner width takes.
    let vectors: Int
    /// [2 + extras, 16·vectors].
    let rows: Tensor<Element>

    var width: Int { 16 * vectors }
    var secondBias: Element { parameters.secondBias[0] }

    @_specialize(where Element == Float) @_specialize(where Element == Double)
    init(_ parameters: HeadParameters<Tensor<Element>>, hiddenSize D: Int) {
        self.parameters = parameters
        let inner = parameters.firstWeight.rows, columns = parameters.firstWeight.columns, extras = columns - D
        let vectors = (inner + 15) / 16, width = 16 * vectors
        (self.inner, self.extras, self.vectors) = (inner, extras, vectors)
        rows = Tensor(shape: [2 + extras, width]) { rows in
            rows.update(repeating: 0)
            withPointers(to: parameters.firstBias, parameters.secondWeight, parameters.firstWeight) {
                b, second, first in
                for i in 0..<inner {
                    rows[i] = b[i]
                    rows[width + i] = second[i]
                    for extra in 0..<extras { rows[(2 + extra) * width + i] = first[i * columns + D + extra] }
                }
            }
        }
    }
}

/// Rows of first weights that a thread copies at a time.
let copiedRows = 64

/// Both heads' first layers under one another, so that one product with the hidden states serves both.
struct StackedHeads<Element: Scalar>: Sendable {
    /// The heads that there are, temperature first.
    let heads: [StackedHead<Element>]
    let configuration: HeadsConfiguration
    /// W₁ of all heads, its columns that read the hidden state, [width, D].
    let weights: Tensor<Element>

    /// Columns of the inner layers side by side.
    var width: Int { weights.rows }

    @_specialize(where Element == Float) @_specialize(where Element == Double)
    init(_ parameters: HeadsParameters<Tensor<Element>>, configuration: HeadsConfiguration) {
        let D = configuration.hiddenSize
        let heads = [parameters.temperature, parameters.topP].compactMap { $0 }.map { StackedHead($0, hiddenSize: D) }
        (self.heads, self.configuration) = (heads, configuration)
        weights = Tensor<Element>(shape: [heads.reduce(0) { $0 + $1.width }, D]) { stacked in
            guard let base = stacked.baseAddress else { return }
            var row = 0
            for head in heads {
                withPointers(to: head.parameters.firstWeight) { w in
                    // Rows belong to one thread each.
                    nonisolated(unsafe) let w = w, first = base + row * D
                    Parallel.forEachBlock(of: head.width, blockSize: copiedRows) { block in
                        for i in block {
                            let target = first + i * D
                            if i < head.inner {
                                target.update(from: w + i * (D + head.extras), count: D)
                            } else {
                                target.update(repeating: 0, count: D)
                            }
                        }
                    }
                }
                row += head.width
            }
        }
    }

    /// First column of a head in the inner layers.
    func start(_ head: Int) -> Int { heads[..<head].reduce(0) { $0 + $1.width } }
}
