import Foundation
import Tensor

/// The Euclidean norm of all gradients together.
public struct GradientNorm: Sendable, Equatable {
    /// √Σ g², added up in Double; NaN or +∞ where a gradient is not finite.
    public let value: Double

    public init<Element: Scalar>(of gradients: [Tensor<Element>]) {
        var total = 0.0
        for gradient in gradients {
            gradient.withUnsafeBufferPointer { g in
                if let g = g.baseAddress { total += sumOfSquares(g, gradient.count) }
            }
        }
        value = total.squareRoot()
    }

    /// What gradients are multiplied by so that their norm is at most `limit`: `limit / (norm + 1e-6)`, and 1 where the
    /// norm is below, as in PyTorch's `clip_grad_norm_`.
    ///
    /// - Parameter limit: above 0; nil clips nothing.
    public func scale(toAtMost limit: Double?) -> Double {
        limit.map { min(1, $0 / (value + 1e-6)) } ?? 1
    }
}

/// Σ x², by lanes in Double: sums of Float squares that overflow or vanish do neither here.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func sumOfSquares<Element: Scalar>(_ x: UnsafePointer<Element>, _ count: Int) -> Double {
    var lanes = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), i = 0
    while i &+ 8 <= count {
        func square(_ lane: Int) -> Double {
            let value = Double(x[i &+ lane])
            return value * value
        }
        lanes.0 += square(0)
        lanes.1 += square(1)
        lanes.2 += square(2)
        lanes.3 += square(3)
        lanes.4 += square(4)
        lanes.5 += square(5)
        lanes.6 += square(6)
        lanes.7 += square(7)
        i &+= 8
    }
    while i < count {
        lanes.0 += Double(x[i]) * Double(x[i])
        i &+= 1
    }
    return (lanes.0 + lanes.1) + (lanes.2 + lanes.3) + ((lanes.4 + lanes.5) + (lanes.6 + lanes.7))
}

func power(_ base: Double, _ exponent: Double) -> Double { Foundation.pow(base, exponent) }
