import Foundation
import Tensor

// The entropy feature, −Σ p·log(p + ε) with ε = 1e-8. The ε is not neutral: at V = 150,000 it takes off up to 1.5e-3.

/// Lane sums of −p·log(p + ε) over a run of p, or of e that become p with `factor`.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func entropyOfTokens<Element: Scalar>(
    _ p: UnsafePointer<Element>, vectors: Int, factor: Element, into sums: UnsafeMutablePointer<Element>
) {
    var total = SIMD16<Element>(repeating: 0)
    let factor = SIMD16(repeating: factor), offset = SIMD16(repeating: Element(FeatureTerms.entropyOffset))
    for i in 0..<vectors {
        let p = loadVector(p + 16 * i) * factor
        total -= p * Element.logarithm(p + offset)
    }
    storeVector(total, sums)
}

/// −Σ p·log(p + ε) over whole blocks from their sums: −Σ p·log p follows from Σe·y, and the rest, Σ p·log(1 + ε/p),
/// is nearly linear within a block, so it is taken at the block's mean p. It lies between 0 and ε for each token, so
/// that even a block whose p vary by orders of magnitude is off by less than 256·ε.
///
/// - Parameters:
///   - means: room for one number a block, a multiple of sixteen.
@inline(__always)
func entropyOfBlocks<Element: Scalar>(
    _ blocks: Range<Int>, blockSize: Int, _ softmax: RowSoftmax, _ sums: UnsafePointer<Double>,
    means: UnsafeMutablePointer<Element>
) -> Double {
    var mass = 0.0, weighted = 0.0, vectors = 0
    for start in stride(from: blocks.lowerBound, to: blocks.upperBound, by: 16) {
        for lane in 0..<16 {
            let block = start + lane, e = block < blocks.upperBound ? sums[4 * block] : 0
            means[16 * vectors + lane] = Element(max(e / softmax.total / Double(blockSize), 1e-30))
            if block < blocks.upperBound {
                mass += e
                weighted += sums[4 * block + 1]
            }
        }
        vectors += 1
    }
    offsetTerms(means, vectors: vectors)
    var offsets = 0.0
    for i in 0..<16 * vectors { offsets += Double(means[i]) }
    let plain = Foundation.log(softmax.total) * mass / softmax.total - Double.ln2 * weighted / softmax.total
    return plain - Double(blockSize) * offsets
}

/// Replaces each p by p·log(1 + ε/p): by its series where ε/p is small, because 1 + ε/p would lose it.
@inline(__always)
private func offsetTerms<Element: Scalar>(_ p: UnsafeMutablePointer<Element>, vectors: Int) {
    let ε = SIMD16(repeating: Element(FeatureTerms.entropyOffset))
    for i in 0..<vectors {
        let p0 = loadVector(UnsafePointer(p + 16 * i)), x = ε / p0
        let series = ε * (1 - x * (0.5 - x * (Element(1) / 3)))
        let full = p0 * Element.logarithm(1 + x)
        storeVector(Element.choose(series, full, ifLess: x, than: SIMD16(repeating: 0.02)), p + 16 * i)
    }
}
