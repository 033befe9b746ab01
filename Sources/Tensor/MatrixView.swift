/// A matrix inside a tensor, seen without copying: all of it, some of its rows or columns, or its transpose.
///
/// Element (i, j) lies at `offset + i·stride + j` of the tensor, or at `offset + j·stride + i` where transposed.
public struct MatrixView<Element: Scalar>: Sendable {
    let storage: Storage<Element>
    var offset: Int
    /// Number of rows of the matrix as it is seen.
    public private(set) var rows: Int
    /// Number of columns of the matrix as it is seen.
    public private(set) var columns: Int
    var stride: Int
    /// Whether the matrix lies transposed in its tensor.
    public private(set) var isTransposed = false

    init(_ tensor: Tensor<Element>) {
        storage = tensor.storage
        offset = 0
        rows = tensor.rows
        columns = tensor.columns
        stride = tensor.columns
    }

    /// The transpose, of ``columns`` × ``rows``.
    public var transposed: MatrixView {
        var view = self
        swap(&view.rows, &view.columns)
        view.isTransposed.toggle()
        return view
    }

    /// Rows `range` of this matrix.
    public subscript(rows range: Range<Int>) -> MatrixView {
        require(
            range.lowerBound >= 0 && range.upperBound <= rows,
            "rows \(range) are outside a matrix of \(rows) × \(columns)")
        var view = self
        view.rows = range.count
        view.offset += range.lowerBound * (isTransposed ? 1 : stride)
        return view
    }

    /// Columns `range` of this matrix.
    public subscript(columns range: Range<Int>) -> MatrixView { transposed[rows: range].transposed }

    var pointer: UnsafeMutablePointer<Element> { storage.pointer + offset }
}

extension Tensor {
    /// The whole tensor as a matrix of ``rows`` × ``columns``.
    public var matrix: MatrixView<Element> { MatrixView(self) }
}
