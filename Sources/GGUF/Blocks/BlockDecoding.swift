import Safetensors

extension Float {
    /// Decodes stored numbers, those of block types among them: the values that gguf-py gives, bit for bit.
    ///
    /// Works on raw memory and checks nothing but the type; the bytes need not be aligned.
    ///
    /// - Parameters:
    ///   - source: of a block type the first byte of a block.
    ///   - count: numbers; of a block type a whole number of blocks.
    public static func decodeBlocks(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Float>
    ) {
        switch type {
        case .q40: blocks(source, count, type, destination, decodeQ40)
        case .q41: blocks(source, count, type, destination, decodeQ41)
        case .q50: blocks(source, count, type, destination, decodeQ50)
        case .q51: blocks(source, count, type, destination, decodeQ51)
        case .q80: blocks(source, count, type, destination, decodeQ80)
        case .q2k: blocks(source, count, type, destination, decodeQ2K)
        case .q3k: blocks(source, count, type, destination, decodeQ3K)
        case .q4k: blocks(source, count, type, destination, decodeQ4K)
        case .q5k: blocks(source, count, type, destination, decodeQ5K)
        case .q6k: blocks(source, count, type, destination, decodeQ6K)
        case .iq4nl: blocks(source, count, type, destination, decodeIQ4NL)
        case .iq4xs: blocks(source, count, type, destination, decodeIQ4XS)
        case .mxfp4: blocks(source, count, type, destination, decodeMXFP4)
        default:
            let failure = Float.decode(source, count, from: type, into: destination)
            precondition(failure == nil, "the type \(type.rawValue) has no numbers")
        }
    }
}

extension StoredTensor {
    /// All numbers of a tensor of any type that has some.
    ///
    /// - Throws: `FileError` for a type that is only carried.
    public func dequantized() throws -> [Float] {
        guard type.blockSize > 1 else { return try values(as: Float.self) }
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let source = bytes.baseAddress, let target = buffer.baseAddress {
                Float.decodeBlocks(source, count, from: type, into: target)
            }
            initialized = count
        }
    }
}

/// `body` for each block of `count` numbers.
@inline(__always)
private func blocks(
    _ source: UnsafeRawPointer, _ count: Int, _ type: ElementType, _ destination: UnsafeMutablePointer<Float>,
    _ body: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
) {
    let size = type.blockSize, width = type.byteWidth
    for block in 0..<count / size { body(source + block &* width, destination + block &* size) }
}

/// A half-precision number at some byte.
@inline(__always)
func half(_ source: UnsafeRawPointer, _ byte: Int) -> Float {
    float(float16: source.loadUnaligned(fromByteOffset: byte, as: UInt16.self))
}

/// A byte as a whole number.
@inline(__always)
func byte(_ source: UnsafeRawPointer, _ place: Int) -> Int32 {
    Int32(source.load(fromByteOffset: place, as: UInt8.self))
}
