/// Finds the first stop text in a text that arrives in pieces, and says how much of the text may be shown.
///
/// What could be the beginning of a stop text is held back until it is clear that it is not. The first stop text is the
/// one that is complete first, and of several that are complete at once the longest: the pieces do not matter. Texts
/// are compared byte by byte, as UTF-8.
public struct StopTexts: Sendable {
    private let stops: [[UInt8]]
    /// The end of the text, from `shownCount` on.
    private var held: [UInt8] = []

    /// UTF-8 bytes of the whole text that may be shown: always whole characters. Where a stop text was found, those
    /// before it.
    public private(set) var shownCount = 0
    /// Whether a stop text was found; what comes later is of no consequence.
    public private(set) var isFound = false

    /// - Parameter texts: empty ones stop nothing.
    public init(_ texts: [String]) {
        stops = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// Takes the next piece, which holds whole characters.
    public mutating func append(_ piece: String) {
        guard !isFound else { return }
        for byte in piece.utf8 {
            held.append(byte)
            if let longest = stops.filter({ held.ends(with: $0[...]) }).map(\.count).max() {
                shownCount += held.count - longest
                isFound = true
                return
            }
            release(held.count - lengthOfBegunStop)
        }
    }

    /// The text is complete: what was begun is no stop text.
    public mutating func finish() {
        if !isFound { release(held.count) }
    }

    private mutating func release(_ count: Int) {
        held.removeFirst(count)
        shownCount += count
    }

    /// How many of the last bytes are the beginning of a stop text.
    private var lengthOfBegunStop: Int {
        stops.reduce(0) { longest, stop in
            var length = min(stop.count - 1, held.count)
            while length > longest, !held.ends(with: stop[..<length]) { length -= 1 }
            return max(longest, length)
        }
    }
}

extension Array<UInt8> {
    fileprivate func ends(with suffix: ArraySlice<UInt8>) -> Bool {
        self[Swift.max(0, count - suffix.count)...].elementsEqual(suffix)
    }
}
