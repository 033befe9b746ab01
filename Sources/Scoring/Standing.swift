import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Tensor

/// Where heads stand beside the best constant pair, on held-out tokens that neither chose the heads nor the pair.
public struct Standing: Sendable, Equatable, Codable {
    /// What the comparison shows.
    public enum Finding: String, Sendable, Codable {
        /// The interval of heads − constant lies below zero: heads control single tokens to some use.
        case better
        /// It lies above zero.
        case worse
        /// It spans zero.
        case notToldApart
        /// Fewer trajectories than an interval needs.
        case tooFew
    }

    /// Mean loss a token of the heads and of the constant pair, on the judging trajectories.
    public let heads, constant: Double
    /// The pair, chosen on the other trajectories.
    public let pair: ConstantPair
    /// heads − constant; nil for too few trajectories.
    public let difference: Estimate?
    /// Number of judging trajectories.
    public let trajectories: Int

    /// What the comparison shows.
    public var finding: Finding {
        guard let difference else { return .tooFew }
        return difference.isBelowZero ? .better : difference.isAboveZero ? .worse : .notToldApart
    }

    /// Measures heads against a pair.
    ///
    /// - Parameters:
    ///   - heads: for hidden states as they are stored.
    ///   - pair: chosen on other trajectories.
    ///   - tokens: the judging ones.
    ///   - loss: the yardstick.
    ///   - batch: the buffer that blocks are loaded into.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound.
    public init(
        of heads: AutoDecoHeads<Float>, beside pair: ConstantPair, on tokens: CachedTokens, by loss: ObjectiveLoss,
        into batch: inout CachedBatch<Float>
    ) throws {
        let ours = try tokens.loss(of: heads, by: loss, into: &batch)
        let theirs = try tokens.loss(ofTemperature: pair.temperature, topP: pair.topP, by: loss)
        (self.heads, constant, self.pair) = (ours.mean, theirs.mean, pair)
        (difference, trajectories) = (ours.difference(from: theirs), tokens.trajectories.count)
    }

    /// As many that a difference that is claimed does not print as zero: 5, and up to 12 for small ones.
    private var decimals: Int {
        let fewest = 5, most = 12
        guard let difference, finding == .better || finding == .worse else { return fewest }
        let smallest = [difference.mean, difference.lower, difference.upper].map(abs).min() ?? 1
        return (fewest...most).first { smallest >= 0.5 * pow(10, -Double($0)) } ?? most
    }

    /// One or two sentences: a verdict, then the numbers it rests on.
    public var words: String { words(beside: "the best constant pair") }

    /// The same for a pair with another name.
    ///
    /// - Parameter name: what the pair is.
    public func words(beside name: String) -> String {
        let places = decimals
        func number(_ value: Double) -> String { String(format: "%.\(places)f", value) }
        func signed(_ value: Double) -> String {
            let text = number(abs(value))
            return value < 0 ? "−\(text)" : "+\(text)"
        }
        let constant = name + String(format: " (T = %.2f, P = %.2f)", pair.temperature, pair.topP)
        guard let difference else {
            return
                "Too few trajectories to tell: \(trajectories) held-out ones are left to judge by, expected at least "
                + "\(Bootstrap.fewest) for an interval. Their loss is \(number(heads)), that of \(constant) "
                + "\(number(self.constant))."
        }
        let numbers =
            "\(number(heads)) against \(number(self.constant)), a difference of \(signed(difference.mean)) "
            + "(95 % interval \(signed(difference.lower)) to \(signed(difference.upper))) over \(trajectories) "
            + "held-out trajectories that chose nothing."
        switch finding {
        case .better: return "The heads' loss is below that of \(constant): \(numbers)"
        case .worse: return "The heads' loss is above that of \(constant): \(numbers) A constant does better."
        case .notToldApart, .tooFew: return "The heads and \(constant) are not told apart: \(numbers)"
        }
    }
}
