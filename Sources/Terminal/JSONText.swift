import Foundation

/// A value as JSON on one line: keys sorted, slashes as they are.
///
/// JSON has no word for numbers that are not finite: they become the strings "NaN", "inf" and "-inf", which
/// Python's `float` reads.
///
/// - Throws: `EncodingError` where the value does not encode.
public func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "NaN")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
