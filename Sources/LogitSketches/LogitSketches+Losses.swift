import Foundation
import Tensor

// The fused pass over sketches. The exact logits are one run of tokens; the bins stand for all others. With
// s = (μ − l₀)/T and v = σ²/T² for a bin of n logits, Σ f(l) over it is n·(f(μ) + σ²/2·f″(μ)), so its mass is
// n·e^s·(1 + v/2) and its Σ e² is n·e^2s·(1 + 2v). Everything else, derivatives included, follows from these masses
// exactly.

extension LogitSketches {
    /// The three losses with their derivatives, as ``TokenLogits`` defines them.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func losses(
        temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants
    ) -> TokenLosses<Element> {
        TokenLosses(count: count) { pass(temperature, topP, constants, losses: $0, features: nil) }
    }

    /// The four features, [N, 4], as ``TokenLogits`` defines them.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func features(temperature: Tensor<Element>) -> Tensor<Element> {
        FeatureRows.tensor(count: count, vocabularySize: vocabularySize) {
            pass(temperature, temperature, LossConstants(), losses: nil, features: $0)
        }
    }

    /// The losses and the features from one pass.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func lossesAndFeatures(
        temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants
    ) -> (losses: TokenLosses<Element>, features: Tensor<Element>) {
        var losses: TokenLosses<Element>?
        let features = FeatureRows<Element>.tensor(count: count, vocabularySize: vocabularySize) { features in
            losses = TokenLosses(count: count) { pass(temperature, topP, constants, losses: $0, features: features) }
        }
        return (losses ?? TokenLosses(count: 0) { _ in }, features)
    }

    /// softmax(l)_y of all tokens, from a sweep at T = 1.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    func fillBaseProbabilities(_ probabilities: UnsafeMutablePointer<Element>) {
        withPointers(to: depths, bins) { depths, bins in
            // Workers write the probabilities of different tokens.
            nonisolated(unsafe) let depths = depths, bins = hasTail ? bins : nil, probabilities = probabilities
            let depthSize = exactHeight * 16, binSize = 3 * binHeight * 16
            Parallel.forEachBlock(of: count, blockSize: 64) { block in
                let workspace = SketchWorkspace<Element>(exactHeight: exactHeight, binHeight: binHeight)
                for token in block {
                    let softmax = sweep(
                        depths + token * depthSize, bins.map { $0 + token * binSize }, temperature: 1, workspace)
                    let logarithm = Element(softmax.logProbability(depth: labels[token].depth))
                    probabilities[token] = Element.exponential(SIMD16(repeating: logarithm))[0]
                }
            }
        }
    }

    @inline(__always)
    private func pass(
        _ temperature: Tensor<Element>, _ topP: Tensor<Element>, _ constants: LossConstants, losses: LossRows<Element>?,
        features: FeatureRows<Element>?
    ) {
        require(
            temperature.count == count && topP.count == count,
            "\(temperature.count) temperatures and \(topP.count) values of top-p for \(count) tokens")
        withPointers(to: depths, bins) { depths, bins in
            nonisolated(unsafe) let depths = depths, bins = hasTail ? bins : nil
            let depthSize = exactHeight * 16, binSize = 3 * binHeight * 16
            fusedPass(
                temperature: temperature, topP: topP, constants: constants, losses: losses, features: features,
                makeWorkspace: { SketchWorkspace<Element>(exactHeight: exactHeight, binHeight: binHeight) },
                sweep: { workspace, token, t in
                    sweep(depths + token * depthSize, bins.map { $0 + token * binSize }, temperature: t, workspace)
                },
                terms: { workspace, token, sums, mask in
                    let x = depths + token * depthSize, bins = bins.map { $0 + token * binSize }
                    return terms(token, x, bins, sums, mask: mask, workspace)
                },
                featureTerms: { workspace, token, sums, isNormalised in
                    let x = depths + token * depthSize, bins = bins.map { $0 + token * binSize }
                    return featureTerms(x, bins, sums, isNormalised: isNormalised, workspace)
                })
        }
    }

    /// Sums over exact logits and bins.
    @inline(__always)
    private func sweep(
        _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, temperature: Double,
        _ workspace: SketchWorkspace<Element>
    ) -> RowSoftmax {
        var softmax = RowSoftmax(temperature: temperature)
        workspace.run.setExponentials(x, height: exactHeight, scale: Element(softmax.scale), sums: workspace.lanes)
        if let bins {
            sumBins(bins, height: binHeight, softmax: softmax, workspace.bins, into: workspace.lanes + 64)
            reduceLanes(UnsafePointer(workspace.lanes), count: 7, into: workspace.sums)
        } else {
            reduceLanes(UnsafePointer(workspace.lanes), count: 4, into: workspace.sums)
            for i in 4..<7 { workspace.sums[i] = 0 }
        }
        softmax.total = workspace.sums[0] + workspace.sums[4]
        softmax.weightedExponents = workspace.sums[1] + workspace.sums[5]
        softmax.squares = workspace.sums[2] + workspace.sums[6]
        return softmax
    }

    @inline(__always)
    private func terms(
        _ token: Int, _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, _ softmax: RowSoftmax,
        mask: SoftMask,
        _ workspace: SketchWorkspace<Element>
    ) -> TokenTerms {
        let label = labels[token]
        var masked = MaskedMass(), excess = 0.0, tangent = 0.0

        let run = workspace.run
        run.normalise(height: exactHeight, softmax: softmax)
        run.accumulate(height: exactHeight, from: 0, tangent: 0, topP: mask.topP)
        let (exactMass, exactTangent) = softmax.mass(sum: workspace.sums[0], weightedExponents: workspace.sums[1])
        if mask.isOpen {
            masked.add(exactMass, byTemperature: exactTangent, byTopP: 0)
        } else {
            masked = run.maskedMass(height: exactHeight, mask: mask)
        }

        if let bins {
            // The integral of the mask needs no bins, only where the tail begins and ends.
            let (tail, tailTangent) = softmax.mass(sum: workspace.sums[4], weightedExponents: workspace.sums[5])
            let integral = mask.integral(from: exactMass, tangent: exactTangent, over: tail, tangent: tailTangent)
            masked.add(integral.value, byTemperature: integral.byTemperature, byTopP: integral.byTopP)

            setMasses(bins, height: binHeight, softmax: softmax, workspace)
            workspace.bins.accumulate(height: binHeight, from: exactMass, tangent: exactTangent, topP: mask.topP)
            if !mask.isOpen {
                let ends = endCorrections(height: binHeight, mask: mask, workspace)
                masked.add(ends.value, byTemperature: ends.byTemperature, byTopP: ends.byTopP)
            }
            if label.isInTail {
                excess = mask.excess(Double(workspace.bins.excess[label.place]) + mask.topP)
                tangent = Double(workspace.bins.excessTangent[label.place])
            }
        }
        if !label.isInTail {
            excess = mask.excess(Double(run.excess[label.place]) + mask.topP)
            tangent = Double(run.excessTangent[label.place])
        }
        return TokenTerms(
            logProbability: softmax.logProbability(depth: label.depth),
            logProbabilityTangent: softmax.logProbabilityTangent(depth: label.depth),
            excess: excess, cumulativeTangent: tangent, masked: masked)
    }

    @inline(__always)
    private func featureTerms(
        _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, _ softmax: RowSoftmax, isNormalised: Bool,
        _ workspace: SketchWorkspace<Element>
    ) -> FeatureTerms {
        // After the losses the run holds p already, before them e.
        let factor: Element = isNormalised ? 1 : Element(1 / softmax.total)
        entropyOfTokens(workspace.run.probability, vectors: exactHeight, factor: factor, into: workspace.lanes)
        if let bins {
            entropyOfBins(bins, height: binHeight, softmax: softmax, into: workspace.lanes + 16)
        }
        reduceLanes(UnsafePointer(workspace.lanes), count: hasTail ? 2 : 1, into: workspace.sums)
        let entropy = workspace.sums[0] + (hasTail ? workspace.sums[1] : 0)
        let topFive = sumOfLargest(
            min(FeatureTerms.leadingCount, exactCount), x, height: exactHeight, scale: Element(softmax.scale))
        return FeatureTerms(total: softmax.total, squares: softmax.squares, entropy: entropy, topFive: topFive)
    }
}
