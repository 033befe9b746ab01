import Foundation

/// A GGUF file that is put together byte by byte, sound unless it is told otherwise.
package struct GGUFBytes {
    package struct Tensor {
        package var name: String
        /// Outermost first.
        package var shape: [Int]
        package var type: UInt32
        package var content: [UInt8]
        /// Instead of the next free one.
        package var offset: UInt64?

        package init(_ name: String, _ shape: [Int], type: UInt32 = 0, _ content: [UInt8], offset: UInt64? = nil) {
            (self.name, self.shape, self.type, self.content, self.offset) = (name, shape, type, content, offset)
        }
    }

    package var magic = Array("GGUF".utf8)
    package var version: UInt32 = 3
    package var tensorCount: UInt64?, valueCount: UInt64?
    package var alignment = 32
    /// Key, type and value.
    package var values: [[UInt8]] = []
    package var tensors: [Tensor] = []

    package init() {}

    // MARK: Pieces

    package static func number<Number: BitwiseCopyable>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number, Array.init)
    }

    package static func text(_ text: String) -> [UInt8] { number(UInt64(text.utf8.count)) + Array(text.utf8) }

    package static func floats(_ values: [Float]) -> [UInt8] { values.flatMap { number($0) } }

    /// A value of any type, its bytes as given.
    package mutating func set(_ key: String, type: UInt32, _ value: [UInt8]) {
        values.append(Self.text(key) + Self.number(type) + value)
    }

    package mutating func set(_ key: String, _ value: Int) { set(key, type: 4, Self.number(UInt32(value))) }
    package mutating func set(_ key: String, _ value: Double) { set(key, type: 6, Self.number(Float(value))) }
    package mutating func set(_ key: String, _ value: Bool) { set(key, type: 7, [value ? 1 : 0]) }
    package mutating func set(_ key: String, _ value: String) { set(key, type: 8, Self.text(value)) }

    package mutating func set(_ key: String, _ values: [String]) {
        set(key, type: 9, Self.number(UInt32(8)) + Self.number(UInt64(values.count)) + values.flatMap(Self.text))
    }

    package mutating func set(_ key: String, _ values: [Int32]) {
        set(key, type: 9, Self.number(UInt32(5)) + Self.number(UInt64(values.count)) + values.flatMap(Self.number))
    }

    // MARK: The whole

    /// Up to where the tensors' bytes begin, without padding.
    package var head: [UInt8] {
        var bytes = magic + Self.number(version)
        bytes += Self.number(tensorCount ?? UInt64(tensors.count)) + Self.number(valueCount ?? UInt64(values.count))
        bytes += values.joined()
        var offset = 0
        for tensor in tensors {
            bytes += Self.text(tensor.name) + Self.number(UInt32(tensor.shape.count))
            bytes += tensor.shape.reversed().flatMap { Self.number(UInt64(bitPattern: Int64($0))) }
            bytes += Self.number(tensor.type) + Self.number(tensor.offset ?? UInt64(offset))
            offset = padded(offset + tensor.content.count)
        }
        return bytes
    }

    package var bytes: [UInt8] {
        var bytes = head
        for tensor in tensors {
            bytes += Array(repeating: 0, count: padded(bytes.count) - bytes.count) + tensor.content
        }
        return bytes
    }

    package func write(to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
