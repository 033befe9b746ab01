/// Pairs of answers in LaTeX whose truth is known by construction: two ways of writing one value, or two values that
/// differ in one digit. `data/scripts/tests/boxed_pairs.py` makes such pairs for `export_cache.py`.
struct BoxedPairs {
    enum Kind: CaseIterable {
        case number, decimal, fraction, fractions, nested, root, sum, tuple, set, list, interval, ray, mixed, percent
        case degrees, unit, plusMinus, text
    }

    /// What a pair's answers say: numbers, of which one digit can change, and words that stay.
    struct Value {
        var numbers: [Int]
        var words: [String] = []
    }

    struct Pair {
        let kind: Kind
        let first: String, second: String
        let areSame: Bool
    }

    var random: SplitMix

    init(seed: UInt64) { random = SplitMix(state: seed) }

    /// `count` pairs of all kinds in turn, every other one of the same value.
    mutating func pairs(_ count: Int) -> [Pair] {
        let kinds = Kind.allCases
        return (0..<count).map { place in
            let kind = kinds[place % kinds.count], areSame = place / kinds.count % 2 == 0
            let value = drawn(kind), other = areSame ? value : changed(value, kind)
            return Pair(
                kind: kind, first: dressed(written(value, kind)), second: dressed(written(other, kind)),
                areSame: areSame)
        }
    }

    /// A value of the kind that differs in one digit.
    private mutating func changed(_ value: Value, _ kind: Kind) -> Value {
        while true {
            var other = value
            let place = Int.random(in: value.numbers.indices, using: &random)
            var digits = Array(String(value.numbers[place]))
            let digit = Int.random(in: (digits[0] == "-" ? 1 : 0)..<digits.count, using: &random)
            let step = Int.random(in: 1...9, using: &random)
            digits[digit] = Character(String(((digits[digit].wholeNumberValue ?? 0) + step) % 10))
            other.numbers[place] = Int(String(digits)) ?? 0
            if isValid(other, kind), key(other, kind) != key(value, kind) { return other }
        }
    }

    /// Whether no denominator is 0, no interval empty, no radicand negative and no `\pm` of nothing.
    private func isValid(_ value: Value, _ kind: Kind) -> Bool {
        let n = value.numbers
        switch kind {
        case .fraction, .nested, .ray: return n[1] > 1
        case .fractions: return n[1] > 1 && n[3] > 1
        case .root: return n[0] > 0 && n[1] > 1
        case .sum: return n[1] > 0 && n[2] > 1 && Int(Double(n[2]).squareRoot()) * Int(Double(n[2]).squareRoot()) < n[2]
        case .mixed: return n[0] > 0 && 0 < n[1] && n[1] < n[2]
        case .interval: return n[0] < n[1]
        case .plusMinus: return n[0] > 0
        case .list, .set: return Swift.Set(n).count == n.count
        case .number, .decimal, .tuple, .percent, .degrees, .unit, .text: return true
        }
    }

    /// Equal where the values are equal.
    private func key(_ value: Value, _ kind: Kind) -> [Int] {
        let n = value.numbers
        switch kind {
        case .fraction, .nested, .ray: return reduced(n[0], n[1])
        case .fractions: return reduced(n[0], n[1]) + reduced(n[2], n[3])
        case .root: return [(value.words == ["3"] ? n[0] * n[0] * n[0] : n[0] * n[0]) * n[1]]
        case .sum: return [n[0], n[1] * n[1] * n[2]]
        case .mixed: return reduced(n[0] * n[2] + n[1], n[2])
        case .list, .set: return n.sorted()
        case .number, .decimal, .tuple, .interval, .percent, .degrees, .unit, .plusMinus, .text: return n
        }
    }

    private func reduced(_ above: Int, _ below: Int) -> [Int] {
        var (a, b) = (abs(above), below)
        while b > 0 { (a, b) = (b, a % b) }
        return [above / max(a, 1), below / max(a, 1)]
    }

    /// With what says nothing: braces around all, dollars, spaces, an end of sentence.
    private mutating func dressed(_ text: String) -> String {
        var text = text
        for _ in 0..<choice([0, 0, 1, 2]) {
            let (before, behind) = choice([
                ("{", "}"), ("$", "$"), ("$$", "$$"), (" ", " "), ("", "."), ("", #"\,."#), (#"\displaystyle "#, ""),
                (#"\("#, #"\)"#),
            ])
            text = before + text + behind
        }
        return text
    }

    // MARK: Draws

    mutating func choice<Element>(_ all: [Element]) -> Element { all[Int.random(in: all.indices, using: &random)] }
    mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Up to seven digits, of which zeros and groups of three are not rare.
    private mutating func whole() -> Int { draw(choice([0...99, 100...999, 1000...9_999_999])) }
    private mutating func signed() -> Int { whole() * choice([1, -1]) }

    private mutating func drawn(_ kind: Kind) -> Value {
        switch kind {
        case .number: return Value(numbers: [signed()])
        case .decimal: return Value(numbers: [signed()], words: [String(draw(1...4))])
        case .fraction: return Value(numbers: [whole(), whole() + 2])
        case .fractions: return Value(numbers: [signed(), whole() + 2, signed(), whole() + 2])
        case .nested: return Value(numbers: [whole(), draw(2...999)])
        case .root:
            return Value(
                numbers: [draw(1...99), choice([2, 3, 5, 7, 11, 101, 127, 576, 997])], words: [choice(["2", "2", "3"])])
        case .sum: return Value(numbers: [draw(1...99), draw(1...12), choice([2, 3, 5, 7, 101])])
        case .tuple: return Value(numbers: (0..<draw(2...4)).map { _ in signed() })
        case .set: return Value(numbers: Array((0..<1000).shuffled(using: &random).prefix(draw(2...4))))
        case .list: return Value(numbers: Array((0..<100).shuffled(using: &random).prefix(draw(2...4))))
        case .interval:
            let low = signed()
            return Value(numbers: [low, low + whole() + 1], words: [choice(["(", "["]), choice([")", "]"])])
        case .ray:
            return Value(
                numbers: [whole(), draw(2...99)], words: [choice(["<", "≤", ">", "≥"]), choice(["x", "y", "t"])])
        case .mixed:
            let below = choice([draw(2...12), draw(100...999)])
            return Value(numbers: [draw(1...999), draw(1...(below - 1)), below])
        case .percent, .degrees: return Value(numbers: [whole()])
        case .unit: return Value(numbers: [whole()], words: [choice(Self.units.keys.sorted())])
        case .plusMinus: return Value(numbers: [whole() + 1])
        case .text: return Value(numbers: [draw(0...999)], words: [choice(["Evelyn", "even", "Yes", "Tuesday"])])
        }
    }
}

/// A small seeded generator, so that pairs are the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
