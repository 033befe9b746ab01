/// A row that no token can be drawn from, or a setting that has no meaning.
public enum PolicyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A logit that is NaN or +∞.
    case logitNotFinite(row: Int, token: Int, logit: Float)
    /// All logits of a row are ≤ −1e30, or there is none.
    case nothingPossible(row: Int, vocabularySize: Int)
    /// A knob that a policy computed for a row is not a number.
    case knobNotFinite(row: Int, name: String, value: Double)
    case invalidSetting(name: String, value: Double, expected: String)

    /// The row that it is about, counted from 0; nil for a setting.
    public var row: Int? {
        switch self {
        case .logitNotFinite(let row, _, _), .nothingPossible(let row, _), .knobNotFinite(let row, _, _): row
        case .invalidSetting: nil
        }
    }

    public var description: String {
        switch self {
        case .logitNotFinite(let row, let token, let logit):
            "row \(row): the logit of token \(token) is \(logit), expected a finite number or −∞"
        case .nothingPossible(let row, let vocabularySize):
            "row \(row): all \(vocabularySize) tokens are impossible (logits of −1e30 or below)"
        case .knobNotFinite(let row, let name, let value):
            "row \(row): \(name) is \(value), expected a finite number"
        case .invalidSetting(let name, let value, let expected):
            "\(name) is \(value), expected \(expected)"
        }
    }
}
