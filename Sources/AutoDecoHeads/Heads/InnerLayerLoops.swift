import Tensor

// Loops over one token's inner layer, in whole vectors. `extras` are a token's inputs beside the hidden state.

/// Adds bias and extra inputs to z in place; returns W₂ relu(z).
@inline(__always)
func finishRow<Element: Scalar>(
    _ z: UnsafeMutablePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int,
    _ extras: UnsafePointer<Element>, _ count: Int
) -> Element {
    addInputs(z, weights, vectors, extras, count)
    return dotProductOfRelu(z, weights + 16 * vectors, vectors)
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func addInputs<Element: Scalar>(
    _ z: UnsafeMutablePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int,
    _ extras: UnsafePointer<Element>, _ count: Int
) {
    for i in 0..<vectors {
        var x = loadVector(UnsafePointer(z + 16 * i)) + loadVector(weights + 16 * i)
        for j in 0..<count {
            x.addProduct(loadVector(weights + 16 * ((2 + j) * vectors + i)), SIMD16(repeating: extras[j]))
        }
        storeVector(x, z + 16 * i)
    }
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func dotProductOfRelu<Element: Scalar>(
    _ z: UnsafePointer<Element>, _ w: UnsafePointer<Element>, _ vectors: Int
) -> Element {
    var sum = SIMD16<Element>(repeating: 0)
    let zero = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors { sum.addProduct(Element.maximum(loadVector(z + 16 * i), zero), loadVector(w + 16 * i)) }
    return laneSum(sum)
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func dotProduct<Element: Scalar>(_ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ vectors: Int) -> Element {
    var sum = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors { sum.addProduct(loadVector(a + 16 * i), loadVector(b + 16 * i)) }
    return laneSum(sum)
}

/// dz = δ·W₂ where z > 0, and adds to the sums dz (for b₁), δ·relu(z) (for W₂) and dz·x for each extra input x.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func backwardRow<Element: Scalar>(
    _ z: UnsafePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int, _ extras: UnsafePointer<Element>,
    _ count: Int,
    by δ: Element, into dz: UnsafeMutablePointer<Element>, sums: UnsafeMutablePointer<Element>
) {
    let δ = SIMD16(repeating: δ), zero = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors {
        let x = loadVector(z + 16 * i),
            g = Element.choose(δ * loadVector(weights + 16 * (vectors + i)), zero, ifLess: zero, than: x)
        storeVector(g, dz + 16 * i)
        let bias = sums + 16 * i, second = bias + 16 * vectors
        storeVector(loadVector(UnsafePointer(bias)) + g, bias)
        storeVector(loadVector(UnsafePointer(second)).addingProduct(δ, Element.maximum(x, zero)), second)
        for j in 0..<count {
            let sum = second + 16 * (1 + j) * vectors
            storeVector(loadVector(UnsafePointer(sum)).addingProduct(g, SIMD16(repeating: extras[j])), sum)
        }
    }
}
