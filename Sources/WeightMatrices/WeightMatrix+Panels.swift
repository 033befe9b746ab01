import Foundation
import Tensor

/// A panel's outputs and the most inputs of it: 4 MB as Float, converted once and used by all rows of x.
private let panelRows = 256
private let panelColumns = 4096

extension WeightMatrix {
    /// x·Wᵀ for many rows of x: panels of W are converted to Float into memory that is used again and again, and
    /// multiplied by OpenBLAS, one thread to a panel. The cut depends on the shape of W alone.
    func setPanelProduct(_ y: UnsafeMutablePointer<Float>, _ x: Tensor<Float>, _ bytes: WeightBytes) {
        let count = x.rows, rows = rows, columns = columns
        var source = x
        var isTransposed = false
        switch format {
        case .plain, .blocks: break
        case .transposed: isTransposed = true
        case .mxfp4:
            source = Tensor(shape: [count, columns]) { arranged in
                withPointers(to: x) { x in
                    arrange(
                        x, rows: count, columns: columns, evensFirst: true, into: arranged.baseAddress!, stride: columns
                    )
                }
            }
        }
        let byInput = isTransposed
        withPointers(to: source) { x in
            // Threads read x and write disjoint columns of y.
            nonisolated(unsafe) let x = x, y = y
            Parallel.forEachBlock(of: rows, blockSize: panelRows) { block in
                Scratch.panels.borrow { panel in
                    for first in Swift.stride(from: 0, to: columns, by: panelColumns) {
                        let inputs = first..<min(first + panelColumns, columns)
                        let lines = byInput ? inputs : block, range = byInput ? block : inputs
                        for line in lines {
                            bytes.decodeLine(line, range, into: panel + (line - lines.lowerBound) * range.count)
                        }
                        multiplyOnThisThread(
                            rows: count, columns: block.count, inner: inputs.count,
                            x + first, stride: columns,
                            panel, stride: range.count, transposed: !byInput,
                            into: y + block.lowerBound, stride: rows, accumulate: first > 0)
                    }
                }
            }
        }
    }
}

/// Memory of one size that threads borrow in turn, so that a panel costs no fresh pages.
///
/// A class because it is shared; `@unchecked Sendable` because the list is only touched under the lock, and a piece of
/// memory is in one borrower's hands at a time. It keeps as many pieces as were ever borrowed at once: one a thread.
private final class Scratch: @unchecked Sendable {
    static let panels = Scratch(count: panelRows * panelColumns)

    private let count: Int
    private let lock = NSLock()
    private var free: [UnsafeMutablePointer<Float>] = []

    init(count: Int) { self.count = count }

    func borrow(_ body: (UnsafeMutablePointer<Float>) -> Void) {
        let piece =
            lock.withLock { free.popLast() }
            ?? UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64).bindMemory(
                to: Float.self, capacity: count)
        body(piece)
        lock.withLock { free.append(piece) }
    }
}
