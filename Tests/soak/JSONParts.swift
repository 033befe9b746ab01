/// Where the parts of a text lie that looks like JSON, sound or not: one document, or one a line.
struct JSONParts {
    /// Each `"name": value`, without the comma.
    private(set) var members: [Range<Int>] = []
    private(set) var values: [Range<Int>] = []
    private(set) var numbers: [Range<Int>] = []
    /// With their quotes.
    private(set) var texts: [Range<Int>] = []

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// Deeper parts are passed over.
    private static let deepest = 50

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        while position < bytes.count {
            let before = position
            value()
            if position == before { position += 1 }
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte <= 0x20 { position += 1 }
    }

    private mutating func value() {
        skipSpace()
        let start = position
        switch next {
        case UInt8(ascii: "{"): elements(until: UInt8(ascii: "}"), areMembers: true)
        case UInt8(ascii: "["): elements(until: UInt8(ascii: "]"), areMembers: false)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): text()
        default:
            while let byte = next, !Array(",:[]{}\" \n\r\t'".utf8).contains(byte) { position += 1 }
            let isNumber =
                start < position && (bytes[start] == UInt8(ascii: "-") || (0x30...0x39).contains(bytes[start]))
            if isNumber { numbers.append(start..<position) }
        }
        if position > start { values.append(start..<position) }
    }

    private mutating func text() {
        let start = position, quote = bytes[position]
        position += 1
        while let byte = next, byte != quote { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        position = min(bytes.count, position + 1)
        texts.append(start..<position)
    }

    private mutating func elements(until end: UInt8, areMembers: Bool) {
        position += 1
        guard depth < Self.deepest else { return }
        depth += 1
        defer { depth -= 1 }
        while true {
            skipSpace()
            guard let byte = next else { return }
            if byte == end {
                position += 1
                return
            }
            let start = position
            value()
            skipSpace()
            if areMembers, next == UInt8(ascii: ":") {
                position += 1
                value()
                members.append(start..<position)
                skipSpace()
            }
            if next == UInt8(ascii: ",") || position == start { position += 1 }
        }
    }
}
