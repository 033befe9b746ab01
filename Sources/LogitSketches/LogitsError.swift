import Tensor

/// A row of logits that no loss is defined for.
public struct LogitsError: Error, CustomStringConvertible, Equatable {
    /// Which row, counted from 0.
    public let row: Int
    /// The sentence without the row.
    public let problem: String
    /// The sentence with the row's number.
    public var description: String { "row \(row): \(problem)" }

    init(row: Int, _ problem: String) { (self.row, self.problem) = (row, problem) }
}

/// The largest logit of an impossible token. Impossible tokens have −∞, or a mask's finite minimum; they are in no sum,
/// bin or product, are never drawn, and count only in V.
@inlinable public var largestImpossibleLogit: Double { -1e30 }

extension LogitsError {
    /// The error for a row that is known to hold a NaN, +∞, no possible token, or an impossible label; nil where the
    /// row is sound.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func find<Element: Scalar>(
        in row: UnsafeBufferPointer<Element>, label: Int, number: Int
    ) -> LogitsError? {
        for token in row.indices where !(row[token] < .infinity) {
            return LogitsError(
                row: number, "the logit of token \(token) is \(row[token]), expected a finite number or −∞")
        }
        guard row.contains(where: { Double($0) > largestImpossibleLogit }) else {
            return LogitsError(row: number, "all \(row.count) tokens are impossible (logits of −1e30 or below)")
        }
        guard row.indices.contains(label) else {
            return LogitsError(row: number, "label \(label) is outside the vocabulary of \(row.count) tokens")
        }
        if Double(row[label]) <= largestImpossibleLogit {
            return LogitsError(row: number, "label \(label) is an impossible token, its logit is \(row[label])")
        }
        return nil
    }
}
