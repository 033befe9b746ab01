import AutoDecoHeads
import HiddenStateCache
import Tensor

/// One (T, P) for all tokens, and its loss.
public struct ConstantPair: Sendable, Equatable, Codable {
    /// T.
    public var temperature: Double
    /// P.
    public var topP: Double
    /// Mean loss a token, on the tokens that it was measured on.
    public var loss: Double

    /// - Parameter loss: mean loss a token.
    public init(temperature: Double, topP: Double, loss: Double) {
        (self.temperature, self.topP, self.loss) = (temperature, topP, loss)
    }
}

/// What heads are held against, on the same tokens with the same loss.
public struct Yardsticks: Sendable, Equatable, Codable {
    /// T = 1 and P = 1.
    public var defaultSampling: ConstantPair
    /// The constants of least loss; a knob without a head stays at 1.
    public var bestConstant: ConstantPair

    /// - Parameters:
    ///   - defaultSampling: T = 1 and P = 1.
    ///   - bestConstant: the constants of least loss.
    public init(defaultSampling: ConstantPair, bestConstant: ConstantPair) {
        (self.defaultSampling, self.bestConstant) = (defaultSampling, bestConstant)
    }
}

extension CachedTokens {
    /// Tokens on which the search begins; it ends on all.
    private static let sampleTokens = 16_384
    /// Where the search ends: steps in T and P that no longer matter.
    private static let finestSteps = (temperature: 2e-3, topP: 1e-3)

    /// Default sampling and the best constant pair.
    ///
    /// The search begins with a grid on a sample of trajectories, and ends with a pattern search on all: a step of ±h
    /// in T or P that lowers the loss is taken; where none does, h is halved.
    ///
    /// - Parameters:
    ///   - loss: the yardstick; a knob without a head stays at 1.
    ///   - check: called now and then; what it throws ends the search.
    /// - Throws: `CacheError` for a token that is unsound, and what `check` throws.
    public func yardsticks(by loss: ObjectiveLoss, check: () throws -> Void = {}) throws -> Yardsticks {
        let heads = loss.heads
        func value(_ temperature: Double, _ topP: Double) throws -> Double {
            try self.loss(ofTemperature: temperature, topP: topP, by: loss).mean
        }
        let atOne = ConstantPair(temperature: 1, topP: 1, loss: try value(1, 1))
        var best = try bestOfGrid(loss, check)
        best.loss = try value(best.temperature, best.topP)
        if atOne.loss < best.loss { best = atOne }

        var stepT = heads.hasTemperature ? 0.05 : 0.0, stepP = heads.hasTopP ? 0.05 : 0.0
        while stepT > Self.finestSteps.temperature || stepP > Self.finestSteps.topP {
            let moves: [(Double, Double)] = [(stepT, 0), (-stepT, 0), (0, stepP), (0, -stepP)]
            var improved = false
            for (dT, dP) in moves where dT != 0 || dP != 0 {
                try check()
                let T = min(2, max(0.01, best.temperature + dT)), P = min(1, max(0.001, best.topP + dP))
                guard (T, P) != (best.temperature, best.topP) else { continue }
                let loss = try value(T, P)
                guard loss < best.loss else { continue }
                best = ConstantPair(temperature: T, topP: P, loss: loss)
                improved = true
                break
            }
            if !improved { (stepT, stepP) = (stepT / 2, stepP / 2) }
        }
        return Yardsticks(defaultSampling: atOne, bestConstant: best)
    }

    private func bestOfGrid(_ loss: ObjectiveLoss, _ check: () throws -> Void) throws -> ConstantPair {
        let temperatures = loss.heads.hasTemperature ? [0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.25, 1.6] : [1]
        let topPs = loss.heads.hasTopP ? [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1] : [1]
        // Evenly spread trajectories.
        let stride = max(1, count / Self.sampleTokens)
        let sample = with(trajectories.enumerated().filter { $0.offset % stride == 0 }.map(\.element))
        var sketches = cache.emptySketches(), sums = [Double](repeating: 0, count: temperatures.count * topPs.count)
        try sample.forEachSketchBlock(into: &sketches) { sketches, _ in
            for (i, T) in temperatures.enumerated() {
                try check()
                for (j, P) in topPs.enumerated() {
                    sums[i * topPs.count + j] += loss.tokens(sketches, temperature: T, topP: P).sum()
                }
            }
        }
        let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
        return ConstantPair(
            temperature: temperatures[best / topPs.count], topP: topPs[best % topPs.count],
            loss: sums[best] / Double(max(1, sample.count)))
    }
}
