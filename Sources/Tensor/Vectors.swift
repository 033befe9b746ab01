// How kernels read and write memory in vectors of sixteen lanes. Bounds are the caller's duty.

/// Sixteen numbers from memory, which need not be aligned to a vector.
@inlinable @inline(__always)
public func loadVector<S: Scalar>(_ p: UnsafePointer<S>) -> SIMD16<S> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<S>.self)
}

/// Sixteen numbers to memory, which need not be aligned to a vector.
@inlinable @inline(__always)
public func storeVector<S: Scalar>(_ v: SIMD16<S>, _ p: UnsafeMutablePointer<S>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<S>.self)
}

/// The first `count` lanes from memory, 0 in the others.
@inlinable @inline(__always)
public func loadLanes<S: Scalar>(_ p: UnsafePointer<S>, _ count: Int, padding: S = 0) -> SIMD16<S> {
    var v = SIMD16<S>(repeating: padding)
    for lane in 0..<count { v[lane] = p[lane] }
    return v
}

/// The first `count` lanes to memory.
@inlinable @inline(__always)
public func storeLanes<S: Scalar>(_ v: SIMD16<S>, _ p: UnsafeMutablePointer<S>, _ count: Int) {
    for lane in 0..<count { p[lane] = v[lane] }
}

/// Sum of the sixteen lanes, by halves: four additions deep, and several times faster than `SIMD.sum()`.
@inlinable @inline(__always)
public func laneSum<S: Scalar>(_ v: SIMD16<S>) -> S {
    let a = v.lowHalf + v.highHalf
    let b = a.lowHalf + a.highHalf
    let c = b.lowHalf + b.highHalf
    return c[0] + c[1]
}
