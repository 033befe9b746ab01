import Foundation

/// Unicode's normalization form C, by the tables of Unicode 9 that Hugging Face's `tokenizers` has.
///
/// `precomposedStringWithCanonicalMapping` is not used: in Swift 6.3 it composes what must stay apart (U+20064 with a
/// cedilla becomes "ḑ", U+1103 with the old vowel U+1176 becomes "따").
struct CanonicalComposition: Sendable {
    static let unicode9 = CanonicalComposition()

    /// Full decompositions of everything but Hangul syllables.
    private var decompositions: [UInt32: [UInt32]] = [:]
    /// The composites of two scalars, under `key(_:_:)`.
    private var composites: [UInt64: UInt32] = [:]
    /// Combining classes other than 0.
    private var combiningClasses: [UInt32: UInt8] = [:]
    /// The scalars that are not in form C by themselves, or that may join or pass what stands before them. All others
    /// end what was before and begin something new.
    private var reacting = ScalarSets()

    // Hangul syllables are composed by arithmetic.
    private static let leading: ClosedRange<UInt32> = 0x1100...0x1112
    private static let vowel: ClosedRange<UInt32> = 0x1161...0x1175
    private static let trailing: ClosedRange<UInt32> = 0x11A8...0x11C2
    private static let syllable: ClosedRange<UInt32> = 0xAC00...0xD7A3

    private init() {
        var reacting = [Self.vowel, Self.trailing]
        // What is left out, ideographs, Hangul syllables and private use, has no classes, nor decompositions in a
        // table.
        let candidates: [ClosedRange<UInt32>] = [0...0x33FF, 0xA000...0xABFF, 0xF900...0x2FFFF]
        for value in candidates.joined() {
            guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 9 else { continue }
            let combiningClass = scalar.properties.canonicalCombiningClass.rawValue
            if combiningClass != 0 { combiningClasses[value] = combiningClass }
            if combiningClass != 0 || scalar.properties.isFullCompositionExclusion { reacting.append(value...value) }
            let decomposition = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
            if decomposition != [value] { decompositions[value] = decomposition }
        }
        // A composite is made of the composite of all its parts but the last, and the last.
        let composed = decompositions.filter { Unicode.Scalar($0.key)?.properties.isFullCompositionExclusion == false }
        let compositeOfParts = Dictionary(composed.map { ($0.value, $0.key) }, uniquingKeysWith: min)
        for (composite, parts) in composed {
            guard let last = parts.last else { continue }
            let others = Array(parts.dropLast())
            guard let first = others.count == 1 ? others[0] : compositeOfParts[others] else { continue }
            composites[Self.key(first, last)] = composite
            reacting.append(last...last)
        }
        _ = self.reacting.index(of: ScalarRanges(reacting))
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    /// The text in form C.
    ///
    /// - Parameter text: valid UTF-8.
    func compose(_ text: [UInt8]) -> [UInt8] {
        var composed: [UInt8] = []
        var copied = 0
        /// Where the scalar before `position` starts.
        var previous = 0
        var position = 0
        while position < text.count {
            let (scalar, width) = text.scalar(at: position)
            guard reacting.contains(scalar, in: 0) else {
                previous = position
                position += width
                continue
            }
            var chunk = previous < position ? [text.scalar(at: previous).scalar] : []
            composed += text[copied..<previous]
            while position < text.count, case let (scalar, width) = text.scalar(at: position),
                reacting.contains(scalar, in: 0)
            {
                chunk.append(scalar)
                position += width
            }
            for scalar in compose(chunk) { composed += Unicode.Scalar(scalar)?.utf8Bytes ?? [] }
            copied = position
            previous = position
        }
        return copied == 0 ? text : composed + text[copied...]
    }

    /// Decomposes, sorts marks by class, and composes again: definitions D108 to D117 of the Unicode standard.
    private func compose(_ scalars: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        /// Where the last starter stands in the result.
        var starter: Int?
        /// The class of the last mark after it that was not taken up.
        var lastClass: UInt8 = 0
        for (scalar, combiningClass) in inCanonicalOrder(scalars.flatMap { decompositions[$0] ?? [$0] }) {
            let isBlocked = starter != result.count - 1 && lastClass >= combiningClass
            if let starter, !isBlocked, let composite = composite(result[starter], scalar) {
                result[starter] = composite
                continue
            }
            if combiningClass == 0 { starter = result.count }
            lastClass = combiningClass
            result.append(scalar)
        }
        return result
    }

    private func inCanonicalOrder(_ scalars: [UInt32]) -> [(scalar: UInt32, combiningClass: UInt8)] {
        var ordered = scalars.map { (scalar: $0, combiningClass: combiningClasses[$0] ?? 0) }
        var start = 0
        while start < ordered.count {
            let end = ordered[start...].firstIndex { $0.combiningClass == 0 } ?? ordered.count
            if end > start + 1 {
                // Marks of one class keep their order.
                let marks = ordered[start..<end].enumerated().sorted {
                    ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
                }
                ordered.replaceSubrange(start..<end, with: marks.map(\.element))
            }
            start = end + 1
        }
        return ordered
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if Self.leading ~= first, Self.vowel ~= second {
            return Self.syllable.lowerBound + ((first - 0x1100) * 21 + second - 0x1161) * 28
        }
        if Self.syllable ~= first, (first - 0xAC00) % 28 == 0, Self.trailing ~= second {
            return first + second - 0x11A7
        }
        return composites[Self.key(first, second)]
    }
}
