import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Tensor

/// One (T, P) for all tokens, and its loss.
public struct ConstantPair: Sendable, Equatable, Codable {
    public var temperature: Double
    public var topP: Double
    public var loss: Double
}

/// What heads are held against, on the same tokens with the same loss.
public struct Yardsticks: Sendable, Equatable, Codable {
    /// T = 1 and P = 1.
    public var defaultSampling: ConstantPair
    /// The constants of least loss; a knob without a head stays at 1. Heads that do not beat it have learned nothing about single
    /// tokens.
    public var bestConstant: ConstantPair
}

extension Validation {
    /// Tokens on which the search begins; it ends on all.
    private static let sampleTokens = 16_384
    /// Where the search ends: steps in T and P that no longer matter.
    private static let finestSteps = (temperature: 2e-3, topP: 1e-3)

    /// The loss of one pair for all tokens.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func loss(temperature: Double, topP: Double, heads: HeadSelection) throws -> Double {
        var sketches = cache.emptySketches()
        return try loss(temperature, topP, heads, trajectories, &sketches)
    }

    private func loss(
        _ temperature: Double, _ topP: Double, _ heads: HeadSelection, _ trajectories: [TrajectoryIndex], _ sketches: inout LogitSketches<Float>
    ) throws -> Double {
        var sum = 0.0
        for block in trajectories.blocks(tokens: blockTokens) {
            try cache.loadSketches(of: block, into: &sketches)
            sum += Self.sum(of: sketches, temperature, topP, settings, heads)
        }
        return sum / Double(max(1, trajectories.tokens))
    }

    private static func sum(
        of sketches: LogitSketches<Float>, _ temperature: Double, _ topP: Double, _ settings: LossSettings, _ heads: HeadSelection
    ) -> Double {
        func constant(_ value: Double) -> Tensor<Float> { Tensor(shape: [sketches.count, 1], repeating: Float(value)) }
        return sum(of: sketches, constant(temperature), constant(topP), settings, heads)
    }

    /// Default sampling and the best constant pair.
    ///
    /// The search begins with a grid on a sample of trajectories, and ends with a pattern search on all: a step of ±h in T or P that
    /// lowers the loss is taken; where none does, h is halved.
    ///
    /// - Throws: `CacheError` for a token that is unsound, and what `check` throws, which is called now and then.
    func yardsticks(heads: HeadSelection, check: () throws -> Void = {}) throws -> Yardsticks {
        var sketches = cache.emptySketches()
        let atOne = ConstantPair(temperature: 1, topP: 1, loss: try loss(1, 1, heads, trajectories, &sketches))
        var best = try bestOfGrid(heads, check)
        best.loss = try loss(best.temperature, best.topP, heads, trajectories, &sketches)
        if atOne.loss < best.loss { best = atOne }

        var stepT = heads.hasTemperature ? 0.05 : 0.0, stepP = heads.hasTopP ? 0.05 : 0.0
        while stepT > Self.finestSteps.temperature || stepP > Self.finestSteps.topP {
            let moves: [(Double, Double)] = [(stepT, 0), (-stepT, 0), (0, stepP), (0, -stepP)].filter { $0 != 0 || $1 != 0 }
            var improved = false
            for (dT, dP) in moves {
                try check()
                let T = min(2, max(0.01, best.temperature + dT)), P = min(1, max(0.001, best.topP + dP))
                guard (T, P) != (best.temperature, best.topP) else { continue }
                let loss = try loss(T, P, heads, trajectories, &sketches)
                guard loss < best.loss else { continue }
                best = ConstantPair(temperature: T, topP: P, loss: loss)
                improved = true
                break
            }
            if !improved { (stepT, stepP) = (stepT / 2, stepP / 2) }
        }
        return Yardsticks(defaultSampling: atOne, bestConstant: best)
    }

    private func bestOfGrid(_ heads: HeadSelection, _ check: () throws -> Void) throws -> ConstantPair {
        let temperatures = heads.hasTemperature ? [0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.25, 1.6] : [1]
        let topPs = heads.hasTopP ? [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1] : [1]
        // Evenly spread trajectories.
        let stride = max(1, tokens / Self.sampleTokens)
        let sample = trajectories.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
        var sketches = cache.emptySketches(), sums = [Double](repeating: 0, count: temperatures.count * topPs.count)
        for block in sample.blocks(tokens: blockTokens) {
            try cache.loadSketches(of: block, into: &sketches)
            for (i, T) in temperatures.enumerated() {
                try check()
                for (j, P) in topPs.enumerated() { sums[i * topPs.count + j] += Self.sum(of: sketches, T, P, settings, heads) }
            }
        }
        let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
        return ConstantPair(
            temperature: temperatures[best / topPs.count], topP: topPs[best % topPs.count], loss: sums[best] / Double(max(1, sample.tokens)))
    }
}
