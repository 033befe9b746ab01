/// The completion's last `\boxed{…}` (or `\fbox{…}`) is the answer; it must be equivalent to the problem's as LaTeX,
/// see
/// ``LaTeXAnswer``.
public struct BoxedVerifier: Verifier {
    public init() {}

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        guard case .text(let answer) = problem.answer else { return .wrong(.malformed) }
        guard let given = lastBoxed(in: completion), given.contains(where: { !$0.isWhitespace }) else {
            return .wrong(.noAnswer)
        }
        let right = LaTeXAnswer(lastBoxed(in: answer) ?? answer)
        return LaTeXAnswer(given).isEquivalent(to: right) ? .correct : .wrong(.wrongValue)
    }
}

/// What stands in the last box whose braces balance; `\{` and `\}` are no braces. TeX takes `\boxed 5` for `\boxed{5}`,
/// and so does this, up to white space or `$`. Nil where there is no such box: one that a token limit cut off declares
/// nothing.
func lastBoxed(in text: String) -> String? { boxes(in: text).last }

/// The content of all boxes whose braces balance, in the order in which they begin, cut out when they are asked for.
func boxes(in text: String) -> some BidirectionalCollection<String> {
    let bytes = Array(text.utf8)
    let ends = closingBraces(bytes)
    var found: [Range<Int>] = []
    for start in bytes.indices where bytes[start] == UInt8(ascii: "\\") {
        let name = bytes[(start + 1)...].prefix { Character(UnicodeScalar($0)).isASCIILetter }
        guard name.elementsEqual("boxed".utf8) || name.elementsEqual("fbox".utf8) else { continue }
        let spaces = bytes[name.endIndex...].prefix { $0 == UInt8(ascii: " ") }
        if let end = ends[spaces.endIndex] {
            found.append((spaces.endIndex + 1)..<end)
        } else if !spaces.isEmpty, bytes[spaces.endIndex...].first != UInt8(ascii: "{") {
            let word = bytes[spaces.endIndex...].prefix { !" \t\r\n$".utf8.contains($0) }
            if !word.isEmpty { found.append(word.indices) }
        }
    }
    return found.lazy.map { String(decoding: bytes[$0], as: UTF8.self) }
}

/// Where each `{` is closed, in one pass over the text. What stands behind a backslash is no brace.
private func closingBraces(_ bytes: [UInt8]) -> [Int: Int] {
    var ends: [Int: Int] = [:]
    var open: [Int] = []
    var isEscaped = false
    for (place, byte) in bytes.enumerated() {
        if isEscaped {
            isEscaped = false
            continue
        }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "{"): open.append(place)
        case UInt8(ascii: "}"): if let start = open.popLast() { ends[start] = place }
        default: break
        }
    }
    return ends
}

extension Character {
    var isASCIILetter: Bool { isASCII && isLetter }
    var isASCIIDigit: Bool { isASCII && isNumber }
}
