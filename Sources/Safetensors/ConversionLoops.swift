// The loops under `StoredScalar`. Each is inlined where its closure is known, and becomes a vector loop there.

@inline(__always) @discardableResult
func copyElements<Value: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, into destination: UnsafeMutablePointer<Value>
) -> ConversionFailure? {
    UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: count * MemoryLayout<Value>.stride)
    return nil
}

@inline(__always)
func readElements<Stored: BitwiseCopyable, Value>(
    _ source: UnsafeRawPointer, _ count: Int, into destination: UnsafeMutablePointer<Value>,
    _ convert: (Stored) -> Value
) {
    for index in 0..<count {
        let stored = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Stored>.stride, as: Stored.self)
        destination[index] = convert(stored)
    }
}

@inline(__always)
func writeElements<Value, Stored: BitwiseCopyable>(
    _ source: UnsafePointer<Value>, _ count: Int, into destination: UnsafeMutableRawPointer,
    _ convert: (Value) -> Stored
) {
    for index in 0..<count {
        destination.storeBytes(
            of: convert(source[index]), toByteOffset: index &* MemoryLayout<Stored>.stride, as: Stored.self)
    }
}

@inline(__always)
func readWholeNumbers<Value: FixedWidthInteger>(
    _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Value>
) -> ConversionFailure? {
    @inline(__always)
    func all<Stored: BitwiseCopyable>(_ convert: (Stored) -> Value?) -> ConversionFailure? {
        for index in 0..<count {
            let stored = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Stored>.stride, as: Stored.self)
            guard let value = convert(stored) else { return .element(index) }
            destination[index] = value
        }
        return nil
    }
    switch type {
    case .i64: return all { (value: Int64) in Value(exactly: value) }
    case .i32: return all { (value: Int32) in Value(exactly: value) }
    case .u8: return all { (value: UInt8) in Value(exactly: value) }
    case .f64: return all { (value: Double) in Value(exactly: value) }
    case .f32: return all { (value: Float) in Value(exactly: value) }
    case .f16: return all { Value(exactly: float(float16: $0)) }
    case .bf16: return all { Value(exactly: float(bfloat16: $0)) }
    default: return .types
    }
}

@inline(__always)
func writeWholeNumbers<Value: FixedWidthInteger>(
    _ source: UnsafePointer<Value>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
) -> ConversionFailure? {
    @inline(__always)
    func all<Stored: FixedWidthInteger & BitwiseCopyable>(_: Stored.Type) -> ConversionFailure? {
        for index in 0..<count {
            guard let stored = Stored(exactly: source[index]) else { return .element(index) }
            destination.storeBytes(of: stored, toByteOffset: index &* MemoryLayout<Stored>.stride, as: Stored.self)
        }
        return nil
    }
    switch type {
    case .i64: return all(Int64.self)
    case .i32: return all(Int32.self)
    case .u8: return all(UInt8.self)
    default: return .types
    }
}
