/// Damages bytes: flips bits, cuts, inserts, doubles and swaps pieces, and puts extreme numbers in the place of others.
///
/// All follows from the generator: the same seed damages in the same way.
struct Mutation {
    var draws: SplitMix

    /// One to four damages.
    mutating func damage(_ file: Artefact.File) -> [UInt8] {
        var bytes = file.bytes
        for _ in 0..<(1 + draws.below(4) * draws.below(2)) {
            switch file.form {
            case .bytes: damageBytes(&bytes)
            case .text: draws.below(4) == 0 ? damageBytes(&bytes) : damageText(&bytes)
            case .safetensors: draws.below(3) == 0 ? damageBytes(&bytes) : damageSafetensors(&bytes)
            }
        }
        return bytes
    }

    /// A part of the bytes that is not empty, unless there are none.
    private mutating func piece(of count: Int, atMost most: Int = .max) -> Range<Int> {
        guard count > 0 else { return 0..<0 }
        let start = draws.below(count)
        return start..<start + 1 + draws.below(min(most, count - start))
    }

    private mutating func damageBytes(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = [UInt8(draws.below(256))]
            return
        }
        switch draws.below(8) {
        case 0, 1: bytes[draws.below(bytes.count)] ^= 1 << UInt8(draws.below(8))
        case 2: bytes[draws.below(bytes.count)] = UInt8(draws.below(256))
        case 3: bytes.removeLast(draws.below(bytes.count) + 1)
        case 4:
            let inserted = (0..<1 + draws.below(64)).map { _ in UInt8(draws.below(256)) }
            bytes.insert(contentsOf: inserted, at: draws.below(bytes.count + 1))
        case 5:
            let doubled = bytes[piece(of: bytes.count, atMost: 512)]
            bytes.insert(contentsOf: doubled, at: draws.below(bytes.count + 1))
        case 6: bytes.removeSubrange(piece(of: bytes.count, atMost: 512))
        default:
            let number = draws.pick(Self.extremeBytes), start = draws.below(bytes.count)
            for (place, byte) in number.enumerated() where start + place < bytes.count { bytes[start + place] = byte }
        }
    }

    /// What follows a safetensors header's length: the text is damaged and measured again, or numbers in the data are.
    private mutating func damageSafetensors(_ bytes: inout [UInt8]) {
        guard bytes.count >= 8 else { return damageBytes(&bytes) }
        let length = bytes[..<8].reversed().reduce(0) { ($0 << 8 | UInt64($1)) }
        guard length <= UInt64(bytes.count - 8) else { return damageBytes(&bytes) }
        let end = 8 + Int(length)
        if draws.below(2) == 0, end < bytes.count {
            // Elements lie at multiples of 4 or 2 from there.
            let number = draws.pick(Self.extremeBytes), start = end + draws.below((bytes.count - end + 3) / 4) * 4
            for (place, byte) in number.enumerated() where start + place < bytes.count { bytes[start + place] = byte }
            return
        }
        var header = Array(bytes[8..<end])
        damageText(&header)
        bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header + bytes[end...]
    }

    private mutating func damageText(_ bytes: inout [UInt8]) {
        let parts = JSONParts(bytes)
        switch draws.below(10) {
        case 0, 1, 2:
            guard !parts.numbers.isEmpty else { return damageBytes(&bytes) }
            bytes.replaceSubrange(draws.pick(parts.numbers), with: draws.pick(Self.extremeTexts).utf8)
        case 3:
            guard !parts.members.isEmpty else { return damageBytes(&bytes) }
            bytes.removeSubrange(draws.pick(parts.members))
        case 4, 5:
            guard !parts.values.isEmpty else { return damageBytes(&bytes) }
            bytes.replaceSubrange(draws.pick(parts.values), with: draws.pick(Self.otherTypes).utf8)
        case 6:
            guard parts.values.count > 1 else { return damageBytes(&bytes) }
            let other = bytes[draws.pick(parts.values)]
            bytes.replaceSubrange(draws.pick(parts.values), with: Array(other))
        case 7:
            guard !parts.members.isEmpty else { return damageBytes(&bytes) }
            let doubled = Array(bytes[draws.pick(parts.members)]), place = draws.pick(parts.members).lowerBound
            bytes.insert(contentsOf: doubled + [UInt8(ascii: ",")], at: place)
        case 8:
            let (opening, closing) = draws.pick([
                ("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{", ""), ("\\\\frac{", "}"),
            ])
            let depth = draws.pick([3, 60, 70, 150, 250, 5000, draws.below(20) == 0 ? 100_000 : 600])
            let nest = String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
            let target = parts.values.isEmpty ? piece(of: bytes.count) : draws.pick(parts.values)
            bytes.replaceSubrange(target, with: nest.utf8)
        default:
            guard !parts.texts.isEmpty else { return damageBytes(&bytes) }
            // Within the quotes.
            let text = draws.pick(parts.texts),
                inside = text.lowerBound + 1..<max(text.lowerBound + 1, text.upperBound - 1)
            bytes.replaceSubrange(inside, with: draws.pick(Self.oddTexts).utf8)
        }
    }

    private static let extremeTexts = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
        "4611686018427387904",
        "2147483647", "2147483648", "4294967296", "-1", "-2147483649", "0", "1", "2", "1e308", "1e309", "-1e308",
        "1e-320",
        "0.5", "1e18", "1000000000000", "16777216", "16777217", "65536", "NaN", "Infinity", "-0", "1.0", "01", "1e",
        "0x10",
    ]

    private static let otherTypes = [
        "null", "true", "false", "\"\"", "\"x\"", "[]", "{}", "[null]", "[[]]", "{\"a\": 1}", "3", "-1", "2.5", "\"9\"",
        "[1, 2]", "",
    ]

    private static let oddTexts = [
        "", "é", "e\u{301}", "\\ud800", "\\u0000", "../x", "/dev/null", "F32", "I64", "BF16", "[[[[", "(a|a)*b",
        "a{1}{1}{1}{1}{1}",
        "((){50000}){50000}x", "\\\\p{L}+|\\\\s+(?!\\\\S)", "\\\\boxed{2^{-9223372036854775808}}", "\\\\frac{1}{0}",
        "\u{10FFFF}", "\u{FEFF}", " ", "nan", "llama", "qwen3_moe", "deepseek_v3", "yarn", "C,D", "1/0", "10^{10^{10}}",
        "\\n\\n",
    ]

    private static let extremeBytes: [[UInt8]] = {
        func bytes<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value, Array.init) }
        let integers: [Int64] = [.max, .min, -1, 0, 1 << 32, 1 << 62]
        let small: [Int32] = [.max, .min, -1, 0, 1 << 24]
        let floats: [Float] = [
            .nan, .infinity, -.infinity, 3e38, -3e38, Float.leastNonzeroMagnitude, -1, 0, 0x1p62, 1e30, -1e30, 0.5, 65,
        ]
        return integers.map(bytes) + small.map(bytes) + floats.map(bytes) + [
            bytes(1e308 as Double), [0x80, 0x7F], [0xC0, 0x7F],
        ]
    }()
}

/// SplitMix64: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameters:
    ///   - seed: of the soak.
    ///   - number: of the mutant; each has a stream of its own.
    init(seed: UInt64, number: Int) {
        state = seed
        state = next() ^ UInt64(number) &* 0xD6E8_FEB8_6659_FD93
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number from 0 to below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// One of some elements, of which there is one at least.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
