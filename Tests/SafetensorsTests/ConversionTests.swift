import Foundation
import TestSupport
import Testing
@testable import Safetensors

private let floatTypes: [ElementType] = [.f64, .f32, .f16, .bf16]
private let integerTypes: [ElementType] = [.i64, .i32, .u8]
private let carriedTypes = ElementType.allCases.filter { !$0.isConvertible && $0.blockSize == 1 }

/// One tensor called "t" of these bytes, `shift` bytes after an aligned place.
private func tensor(_ type: ElementType, _ bytes: [UInt8], shift: Int = 0) throws -> StoredTensor {
    let count = bytes.count / type.byteWidth
    let header = """
        {"pad":{"dtype":"U8","shape":[\(shift)],"data_offsets":[0,\(shift)]},\
        "t":{"dtype":"\(type.rawValue)","shape":[\(count)],"data_offsets":[\(shift),\(shift + bytes.count)]}}
        """
    let padded = Array(header.utf8) + Array(repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
    let data = Array(repeating: UInt8(0), count: shift) + bytes
    return try SafetensorsFile(bytes: assemble(padded, data: data), name: "made").tensor("t")
}

private func packed<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
    values.withUnsafeBytes(Array.init)
}

/// The numbers 0 to 99 in every convertible type.
private func count(to type: ElementType) -> [UInt8] {
    let numbers = Array(0..<100)
    return switch type {
    case .f64: packed(numbers.map(Double.init))
    case .f32: packed(numbers.map(Float.init))
    case .f16: packed(numbers.map { float16(Float($0)) })
    case .bf16: packed(numbers.map { bfloat16(Float($0)) })
    case .i64: packed(numbers.map(Int64.init))
    case .i32: packed(numbers.map(Int32.init))
    default: numbers.map(UInt8.init)
    }
}

struct ConversionTests {
    @Test(arguments: floatTypes + integerTypes, 0..<8)
    func everyTypeConvertsToEveryScalarAtAnyAlignment(_ type: ElementType, _ shift: Int) throws {
        let tensor = try tensor(type, count(to: type), shift: shift)
        #expect(try tensor.values(as: Float.self) == (0..<100).map(Float.init))
        #expect(try tensor.values(as: Double.self) == (0..<100).map(Double.init))
        #expect(try tensor.values(as: Int32.self) == (0..<100).map(Int32.init))
        #expect(try tensor.values(as: Int.self) == Array(0..<100))
    }

    @Test(arguments: floatTypes + integerTypes)
    func aRangeOfElementsFillsTheCallersBuffer(_ type: ElementType) throws {
        let tensor = try tensor(type, count(to: type), shift: 1)
        var floats = [Float](repeating: -1, count: 8)
        try floats.withUnsafeMutableBufferPointer { try tensor.copy(37..<44, into: $0) }
        #expect(floats == [37, 38, 39, 40, 41, 42, 43, -1])
        var doubles = [Double](repeating: -1, count: 2)
        try doubles.withUnsafeMutableBufferPointer { try tensor.copy(99..<100, into: $0) }
        try doubles.withUnsafeMutableBufferPointer { try tensor.copy(100..<100, into: $0) }
        #expect(doubles == [99, -1])
    }

    @Test(arguments: carriedTypes)
    func carriedTypesHaveBytesButNoValues(_ type: ElementType) throws {
        let bytes = (0..<2 * type.byteWidth).map(UInt8.init)
        let tensor = try tensor(type, bytes)
        #expect(Array(tensor.bytes) == bytes)
        for error in [
            failure { try tensor.values(as: Float.self) }, failure { try tensor.values(as: Double.self) },
            failure { try tensor.values(as: Int32.self) }, failure { try tensor.values(as: Int.self) },
        ] {
            #expect(error?.kind == .unconvertible)
            #expect(error?.byte == tensor.entry.byteRange.lowerBound)
            #expect(
                error?.reason.hasPrefix(
                    "found tensor 't' with the type \(type.rawValue), expected one that converts to")
                    == true)
        }
    }

    @Test func carriedTypesHaveNoValuesEvenWhenEmpty() throws {
        #expect(failure { try tensor(.bool, []).values(as: Float.self) }?.kind == .unconvertible)
    }

    @Test func labelThatDoesNotFitIsAnError() throws {
        let labels = try tensor(.i64, packed([7, 2_147_483_648, 9] as [Int64]))
        #expect(try labels.values(as: Int.self) == [7, 2_147_483_648, 9])
        let error = try #require(failure { try labels.values(as: Int32.self) })
        #expect(error.kind == .unconvertible)
        #expect(error.byte == labels.entry.byteRange.lowerBound + 8)
        #expect(error.reason == "found 2147483648 as element 1 of tensor 't', expected a whole number that fits Int32")

        var room = [Int32](repeating: 0, count: 2)
        let part = failure { try room.withUnsafeMutableBufferPointer { try labels.copy(1..<3, into: $0) } }
        #expect(part == error)
    }

    @Test(arguments: [0.5, -.infinity, .nan, 1e10, -2_147_483_649])
    func floatThatIsNoInt32IsAnError(_ value: Double) throws {
        let tensor = try tensor(.f64, packed([1, value]))
        let error = failure { try tensor.values(as: Int32.self) }
        #expect(error?.reason == "found \(value) as element 1 of tensor 't', expected a whole number that fits Int32")
    }

    @Test func valuesRoundToNearestAndKeepTheirSpecials() throws {
        let doubles = [0.1, -0.0, .infinity, .nan, 1e300, .leastNonzeroMagnitude, .pi]
        let floats = try tensor(.f64, packed(doubles)).values(as: Float.self)
        #expect(floats[0] == 0.1 && floats[1].sign == .minus && floats[2] == .infinity && floats[3].isNaN)
        #expect(floats[4] == .infinity && floats[5] == 0 && floats[6] == Float(Double.pi))
        #expect(
            try tensor(.i64, packed([Int64.max, .min, 16_777_217])).values(as: Float.self) == [
                0x1p63, -0x1p63, 16_777_216,
            ])
        #expect(try tensor(.i64, packed([Int64.max, .min])).values(as: Int.self) == [.max, .min])
    }

    @Test func elementsAreReadInPlaceOnlyWhereTypeAndAlignmentAllow() throws {
        func inPlace<Scalar: StoredScalar>(_ tensor: StoredTensor, as scalar: Scalar.Type) -> [Scalar]? {
            tensor.withMapped(as: scalar) { elements in
                #expect(UnsafeRawPointer(elements.baseAddress) == tensor.bytes.baseAddress)
                return Array(elements)
            }
        }
        let aligned = try tensor(.f32, packed([1, 2, 3] as [Float]))
        #expect(inPlace(aligned, as: Float.self) == [1, 2, 3])
        #expect(inPlace(aligned, as: Double.self) == nil)
        #expect(inPlace(aligned, as: Int32.self) == nil)
        #expect(try inPlace(tensor(.f32, packed([1] as [Float]), shift: 2), as: Float.self) == nil)
        #expect(try inPlace(tensor(.f64, packed([1] as [Double]), shift: 4), as: Double.self) == nil)
        #expect(try inPlace(tensor(.i32, packed([1] as [Int32]), shift: 4), as: Int32.self) == [1])
        #expect(try inPlace(tensor(.i64, packed([1] as [Int64]), shift: 8), as: Int.self) == [1])
    }

    @Test func bigSizesAndSmallOnesAreCounted() {
        #expect(ElementType.f64.byteCount(shape: []) == 8)
        #expect(ElementType.bf16.byteCount(shape: [3, 0, 5]) == 0)
        #expect(ElementType.f32.byteCount(shape: [Int.max]) == nil)
        #expect(ElementType.u8.byteCount(shape: [Int.max]) == Int.max)
        #expect(ElementType.u8.byteCount(shape: [-1, -1]) == nil)
    }
}
