import Foundation
import Tensor

// The fused pass over full sorted rows. One sweep leaves four sums for each block of 256 ranks; they give the softmax,
// its derivative in T and the features. For the masked sum of equation (3), blocks inside the nucleus only add their
// mass; beyond it a block has a closed form where its mass is small, and is summed token by token where it is not.

/// Work memory of one thread: block sums, and one block's tokens.
final class SortedRowWorkspace<Element: Scalar> {
    /// Lane sums as ``sumExponentials`` leaves them, four vectors a block.
    let lanes: UnsafeMutablePointer<Element>
    /// Σe, Σe·y, Σe², Σe²·y of each block.
    let sums: UnsafeMutablePointer<Double>
    /// Entropy of each block.
    let entropies: UnsafeMutablePointer<Double>
    let run: MaskedRun<Element>

    init(blocks: Int) {
        lanes = vectorMemory(64 * blocks)
        sums = .allocate(capacity: 4 * blocks)
        entropies = .allocate(capacity: blocks)
        run = MaskedRun(height: 16)
    }

    deinit {
        lanes.deallocate()
        sums.deallocate()
        entropies.deallocate()
    }
}

extension SortedRows {
    /// α times a block's mass below which its masked mass is taken in closed form; the losses
    /// that come of it are held to 1e-5 by `fusedInFloatIsWithinFloatOfFusedInDouble`.
    static var closedFormLimit: Double { Element.allowsClosedForms ? 0.25 : -1 }

    /// Exponentials in blocks; what is left of a row is skipped once it cannot add this share to the sum.
    static var negligibleShare: Double { Element.allowsClosedForms ? 1e-11 : 1e-21 }

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

    @inline(__always)
    private func pass(
        _ temperature: Tensor<Element>, _ topP: Tensor<Element>, _ constants: LossConstants, losses: LossRows<Element>?,
        features: FeatureRows<Element>?
    ) {
        require(
            temperature.count == count && topP.count == count,
            "\(temperature.count) temperatures and \(topP.count) values of top-p for \(count) tokens")
        withPointers(to: depths) { depths in
            nonisolated(unsafe) let depths = depths
            let rowSize = blocksPerRow * Self.blockSize
            fusedPass(
                temperature: temperature, topP: topP, constants: constants, losses: losses, features: features,
                makeWorkspace: { SortedRowWorkspace<Element>(blocks: blocksPerRow) },
                sweep: { sweep(depths + $1 * rowSize, temperature: $2, $0) },
                terms: { terms($1, depths + $1 * rowSize, $2, mask: $3, $0) },
                featureTerms: { workspace, token, sums, _ in featureTerms(depths + token * rowSize, sums, workspace) })
        }
    }

    /// Sums over the whole row, and over each block in the workspace; the number of blocks that were not negligible.
    @inline(__always)
    func sweep(
        _ x: UnsafePointer<Element>, temperature: Double, _ workspace: SortedRowWorkspace<Element>
    ) -> (softmax: RowSoftmax, blocks: Int) {
        var softmax = RowSoftmax(temperature: temperature), block = 0
        let scale = Element(softmax.scale), blocks = blocksPerRow
        while block < blocks {
            let end = min(block + 16, blocks)
            for b in block..<end {
                sumExponentials(
                    x + b * Self.blockSize, vectors: Self.blockSize / 16, scale: scale, into: workspace.lanes + 64 * b)
            }
            reduceLanes(
                UnsafePointer(workspace.lanes + 64 * block), count: 4 * (end - block), into: workspace.sums + 4 * block)
            for b in block..<end {
                softmax.total += workspace.sums[4 * b]
                softmax.weightedExponents += workspace.sums[4 * b + 1]
                softmax.squares += workspace.sums[4 * b + 2]
            }
            block = end
            if block < blocks {
                // Nothing that follows is larger than the first depth of the next block.
                let rest =
                    Double(vocabularySize - block * Self.blockSize)
                    * Foundation.exp(Double(x[block * Self.blockSize]) / temperature)
                if rest < Self.negligibleShare * softmax.total { break }
            }
        }
        return (softmax, block)
    }

    @inline(__always)
    func terms(
        _ token: Int, _ x: UnsafePointer<Element>, _ sweep: (softmax: RowSoftmax, blocks: Int), mask: SoftMask,
        _ workspace: SortedRowWorkspace<Element>
    ) -> TokenTerms {
        let (softmax, blocks) = sweep
        let α = mask.steepness, run = workspace.run, height = Self.blockSize / 16
        let labelBlock = labelRanks[token] / Self.blockSize
        var masked = MaskedMass(), c = 0.0, dc = 0.0
        // A label beyond the last block that counts is at the end of the cumulative sum.
        var labelExcess = mask.excess(1), labelTangent = 0.0

        for block in 0..<blocks {
            let sums = workspace.sums + 4 * block
            let (b, db) = softmax.mass(sum: sums[0], weightedExponents: sums[1])
            let isInside = mask.isOpen || c + b <= mask.topP
            let isClosed = c >= mask.topP && α * b < Self.closedFormLimit
            if isInside {
                masked.add(b, byTemperature: db, byTopP: 0)
            } else if isClosed {
                // Σ pᵢmᵢ is the integral of m less what the steps overlap, (α/2)·Σ pᵢ²·mᵢ, where m is taken in the
                // middle of the block.
                let integral = mask.integral(from: c, tangent: dc, over: b, tangent: db)
                let q = sums[2] / (softmax.total * softmax.total)
                let dq =
                    2 * softmax.tangentFactor * (sums[3] - softmax.meanExponent * sums[2])
                    / (softmax.total * softmax.total)
                let middle = mask(c + b / 2), dMiddle = -α * middle * (dc + db / 2)
                masked.add(
                    integral.value - α / 2 * q * middle,
                    byTemperature: integral.byTemperature - α / 2 * (dq * middle + q * dMiddle),
                    byTopP: integral.byTopP - α / 2 * q * α * middle)
            }
            if !(isInside || isClosed) || block == labelBlock {
                run.setExponentials(
                    x + block * Self.blockSize, height: height, scale: Element(softmax.scale), sums: run.lanes)
                run.normalise(height: height, softmax: softmax)
                run.accumulate(height: height, from: c, tangent: dc, topP: mask.topP)
                if !(isInside || isClosed) {
                    let mass = run.maskedMass(height: height, mask: mask)
                    masked.add(mass.value, byTemperature: mass.byTemperature, byTopP: mass.byTopP)
                }
                if block == labelBlock {
                    let index = LaneMajor.index(of: labelRanks[token] % Self.blockSize, height: height)
                    labelExcess = mask.excess(Double(run.excess[index]) + mask.topP)
                    labelTangent = Double(run.excessTangent[index])
                }
            }
            c += b
            dc += db
        }
        return TokenTerms(
            logProbability: softmax.logProbability(depth: labelDepths[token]),
            logProbabilityTangent: softmax.logProbabilityTangent(depth: labelDepths[token]),
            excess: labelExcess, cumulativeTangent: labelTangent, masked: masked)
    }

    @inline(__always)
    func featureTerms(
        _ x: UnsafePointer<Element>, _ sweep: (softmax: RowSoftmax, blocks: Int),
        _ workspace: SortedRowWorkspace<Element>
    ) -> FeatureTerms {
        let (softmax, blocks) = sweep
        // In Float the entropy of later blocks follows from their sums.
        let exactBlocks = Element.allowsClosedForms ? min(8, blocks) : blocks
        var entropy = 0.0
        for block in 0..<exactBlocks {
            let run = workspace.run, height = Self.blockSize / 16
            run.setExponentials(
                x + block * Self.blockSize, height: height, scale: Element(softmax.scale), sums: run.lanes)
            entropyOfTokens(
                run.probability, vectors: height, factor: Element(1 / softmax.total), into: workspace.lanes + 16 * block
            )
        }
        reduceLanes(UnsafePointer(workspace.lanes), count: exactBlocks, into: workspace.entropies)
        for block in 0..<exactBlocks { entropy += workspace.entropies[block] }
        if exactBlocks < blocks {
            entropy += entropyOfBlocks(
                exactBlocks..<blocks, blockSize: Self.blockSize, softmax, workspace.sums, means: workspace.lanes)
        }
        let topFive = sumOfLargest(
            min(FeatureTerms.leadingCount, vocabularySize), x, height: Self.blockSize / 16,
            scale: Element(softmax.scale))
        return FeatureTerms(total: softmax.total, squares: softmax.squares, entropy: entropy, topFive: topFive)
    }
}
