extension ModelConfiguration {
    /// What a position leaves in a cache. Latent attention has one key [c, kᵣ] for all heads, and c is its value.
    var cacheLayout: CacheLayout {
        if let latent {
            return CacheLayout(
                groups: 1, keySize: latent.keyValueRank + latent.rotarySize, valueSize: latent.keyValueRank,
                valuesAreKeys: true)
        }
        return CacheLayout(groups: keyValueHeadCount, keySize: headSize, valueSize: headSize, valuesAreKeys: false)
    }

    /// 1/√(head size), or the family's own, and in latent attention under YaRN times the square of `mscale_all_dim`'s
    /// magnitude.
    var attentionScale: Float {
        var scale = ownAttentionScale ?? 1 / Double(headSize).squareRoot()
        if latent != nil, case .yarn(let yarn) = rope.scaling, yarn.allDimensionsScale > 0 {
            let magnitude = yarn.magnitude(yarn.allDimensionsScale)
            scale *= magnitude * magnitude
        }
        return Float(scale)
    }
}
