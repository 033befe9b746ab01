/// Where a text stops being JSON5, for the message: Foundation's decoder says that it is none, not where.
package struct SyntaxFault: CustomStringConvertible {
    package private(set) var description: String

    /// - Returns: nil where no fault is found, whatever Foundation dislikes.
    package init?(in data: some Sequence<UInt8>) {
        var scanner = Scanner(Array(String(decoding: Array(data), as: UTF8.self).unicodeScalars))
        do throws(SyntaxFault) {
            try scanner.value()
            try scanner.skipSpace()
            guard let rest = scanner.next else { return nil }
            throw scanner.fault(found: rest, expected: "the end of the file")
        } catch {
            self = error
        }
    }

    fileprivate init(_ description: String) { self.description = description }
}

extension SyntaxFault: Error {}

/// Recognises JSON5 and keeps nothing of it.
private struct Scanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// The fault at this place; `at` gives the place of something that began earlier.
    func fault(found: Unicode.Scalar?, expected: String, at place: Int? = nil) -> SyntaxFault {
        let before = scalars[..<(place ?? index)]
        let line = before.count { $0 == "\n" } + 1
        let column = before.count - (before.lastIndex(of: "\n").map { $0 + 1 } ?? 0) + 1
        let word = found.map { $0 == "\n" ? "a line break" : "'\($0)'" } ?? "the end of the file"
        return SyntaxFault("line \(line), column \(column): found \(word), expected \(expected)")
    }

    mutating func value() throws(SyntaxFault) {
        try skipSpace()
        switch next {
        case "{": try members(closedBy: "}") { scanner throws(SyntaxFault) in try scanner.member() }
        case "[": try members(closedBy: "]") { scanner throws(SyntaxFault) in try scanner.value() }
        case "\"", "'": try string()
        default: try word()
        }
    }

    private mutating func members(
        closedBy end: Unicode.Scalar, _ member: (inout Scanner) throws(SyntaxFault) -> Void
    ) throws(SyntaxFault) {
        index += 1
        while true {
            try skipSpace()
            if next == end { break }
            try member(&self)
            try skipSpace()
            if next == "," { index += 1 } else if next != end { throw fault(found: next, expected: "',' or '\(end)'") }
        }
        index += 1
    }

    private mutating func member() throws(SyntaxFault) {
        if next == "\"" || next == "'" {
            try string()
        } else {
            let start = index
            while let scalar = next, scalar.properties.isIDContinue || scalar == "$" || scalar == "_" { index += 1 }
            if index == start { throw fault(found: next, expected: "a key") }
        }
        try skipSpace()
        guard next == ":" else { throw fault(found: next, expected: "':' after the key") }
        index += 1
        try value()
    }

    private mutating func string() throws(SyntaxFault) {
        let start = index, quote = next
        index += 1
        while let scalar = next, scalar != quote {
            if scalar == "\n" { break }
            index += scalar == "\\" ? 2 : 1
        }
        guard next == quote else {
            throw fault(found: scalars[start], expected: "a text that ends on its line", at: start)
        }
        index += 1
    }

    /// A number, or one of the few words.
    private mutating func word() throws(SyntaxFault) {
        let start = index
        while let scalar = next, !scalar.properties.isWhitespace, !",]}:/".unicodeScalars.contains(scalar) {
            index += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<index]))
        let magnitude = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.dropFirst()) : text
        let isHexadecimal = magnitude.lowercased().hasPrefix("0x") && Int(magnitude.dropFirst(2), radix: 16) != nil
        let isNumber =
            magnitude.first.map { $0.isNumber || $0 == "." } == true
            && Double("0" + magnitude + (magnitude.hasSuffix(".") ? "0" : "")) != nil
        guard
            isHexadecimal || isNumber || ["true", "false", "null"].contains(text)
                || ["Infinity", "NaN"].contains(magnitude)
        else {
            throw fault(
                found: start < scalars.count ? scalars[start] : nil, expected: "a value (texts stand in quotes)",
                at: start)
        }
    }

    /// Goes on to what is neither white nor a comment.
    mutating func skipSpace() throws(SyntaxFault) {
        while let scalar = next {
            if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                index += 1
            } else if scalar == "/", index + 1 < scalars.count, scalars[index + 1] == "/" {
                while let scalar = next, scalar != "\n" { index += 1 }
            } else if scalar == "/", index + 1 < scalars.count, scalars[index + 1] == "*" {
                let start = index
                index += 2
                while index + 1 < scalars.count, !(scalars[index] == "*" && scalars[index + 1] == "/") { index += 1 }
                guard index + 1 < scalars.count else {
                    throw fault(found: "/", expected: "a comment that ends with */", at: start)
                }
                index += 2
            } else {
                return
            }
        }
    }
}
