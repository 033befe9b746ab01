import Tensor

/// One pass over N tokens, in parallel over blocks of tokens: for each a sweep at its T̂, from which losses, features
/// or both follow.
///
/// - Parameters:
///   - topP: P̂; read where losses are wanted.
///   - losses, features: where results go; nil where they are not wanted.
///   - makeWorkspace: called once for each block; the workspace is passed to all other closures.
///   - sweep: sums over a token's row at T.
///   - terms: from a sweep and a mask to what the losses depend on.
///   - featureTerms: from a sweep to what the features depend on; the flag says whether `terms` has run on it.
@inline(__always)
func fusedPass<Element: Scalar, Workspace, Sweep>(
    temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants, losses: LossRows<Element>?,
    features: FeatureRows<Element>?, makeWorkspace: @Sendable () -> Workspace,
    sweep: @Sendable (Workspace, Int, Double) -> Sweep,
    terms: @Sendable (Workspace, Int, Sweep, SoftMask) -> TokenTerms,
    featureTerms: @Sendable (Workspace, Int, Sweep, Bool) -> FeatureTerms
) {
    Parallel.forEachBlock(of: temperature.count, blockSize: 64) { block in
        let workspace = makeWorkspace()
        for token in block {
            let T = Double(temperature[token])
            var featuresAreMissing = features != nil
            if let losses {
                let mask = SoftMask(topP: Double(topP[token]), steepness: constants.steepness)
                losses.store(token, temperature: T, constants: constants) { t in
                    let sums = sweep(workspace, token, t), result = terms(workspace, token, sums, mask)
                    // One sweep serves both where the features' offset of 1e-8 is lost in rounding.
                    if featuresAreMissing, t == T, Element(FeatureTerms.temperature(t)) == Element(t) {
                        features?.store(token, featureTerms(workspace, token, sums, true))
                        featuresAreMissing = false
                    }
                    return result
                }
            }
            if featuresAreMissing {
                features?.store(
                    token, featureTerms(workspace, token, sweep(workspace, token, FeatureTerms.temperature(T)), false))
            }
        }
    }
}
