import Files

/// How the keys that only some families have are read, by the family's traits.
extension ModelConfiguration {
    /// For each layer how many of the last positions a token sees; nil sees all.
    static func windows(
        _ file: ConfigurationObject, _ rule: FamilyTraits.Windows, ropeLayers: [Bool]
    ) throws -> [Int?] {
        let layers = ropeLayers.indices, positions = ConfigurationObject.positions
        let all = layers.map { _ -> Int? in nil }
        func usesWindow() throws -> Bool {
            try file.bool("use_sliding_window", default: false) && file.has("sliding_window")
        }
        func limit() throws -> Int { try file.integer("max_window_layers", in: 0...Int(Int32.max), default: 28) }
        let slides: [Bool]
        switch rule {
        case .none: return all
        case .given(let fallback):
            // Null means that there is none, unlike a key that is not there.
            guard file.has("sliding_window") || (fallback != nil && !file.names("sliding_window")) else { return all }
            let window = try file.integer("sliding_window", in: positions, default: fallback)
            return layers.map { _ in window }
        case .everyLayer:
            guard try usesWindow() else { return all }
            let window = try file.integer("sliding_window", in: positions)
            return layers.map { _ in window }
        case .upperLayers:
            guard try usesWindow() else { return all }
            let first = try limit()
            slides = layers.map { $0 >= first }
        case .lowerAlternating:
            guard try usesWindow() else { return all }
            let end = try limit()
            slides = layers.map { $0 % 2 == 0 && $0 < end }
        case .layersWithoutRope:
            guard try usesWindow() else { return all }
            slides = ropeLayers.map { !$0 }
        case .alternating: slides = layers.map { $0 % 2 == 0 }
        case .pattern(let fallback):
            let key = file.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern"
            let pattern = try file.integer(key, in: 1...Int(Int32.max), default: fallback)
            slides = layers.map { ($0 + 1) % pattern != 0 }
        }
        let chosen = try file.has("layer_types") ? layerTypes(file, count: layers.count) : slides
        guard chosen.contains(true) else { return all }
        let window = try file.integer("sliding_window", in: positions)
        return chosen.map { $0 ? window : nil }
    }

    /// For each layer whether `layer_types` gives it a window.
    private static func layerTypes(_ file: ConfigurationObject, count: Int) throws -> [Bool] {
        let types = try file.strings("layer_types")
        guard types.count == count else {
            throw file.malformed(
                "layer_types", found: counted(types.count, "layer"),
                expected: "\(count), as num_hidden_layers says")
        }
        return try types.map {
            switch $0 {
            case "sliding_attention": true
            case "full_attention": false
            default:
                throw file.unsupported("layer_types", found: "'\($0)'", supported: "sliding_attention, full_attention")
            }
        }
    }

    /// - Throws: `ModelError` for an activation that is not the family's, and for what Gemma 2 and 3 have besides.
    static func activation(_ file: ConfigurationObject, _ traits: FamilyTraits) throws -> Activation {
        let wanted = traits.activation.rawValue
        let key = file.has("hidden_activation") ? "hidden_activation" : "hidden_act"
        let found = try file.string(key, default: wanted)
        guard found == wanted else { throw file.unsupported(key, found: "'\(found)'", supported: wanted) }
        for key in ["attn_logit_softcapping", "final_logit_softcapping"] where file.has(key) {
            throw file.unsupported(key, found: "\(try file.positive(key))", supported: "null, no cap")
        }
        guard try !file.bool("use_bidirectional_attention", default: false) else {
            throw file.unsupported("use_bidirectional_attention", found: "true", supported: "false")
        }
        return traits.activation
    }

    static func headNorms(_ file: ConfigurationObject, _ traits: FamilyTraits) throws -> FamilyTraits.HeadNorms {
        guard traits.headNorms == .configured else { return traits.headNorms }
        return try file.bool("use_qk_norm", default: false) ? .eachHead : .none
    }

    static func attentionBiases(
        _ file: ConfigurationObject, _ traits: FamilyTraits
    ) throws -> (queryKeyValue: Bool, output: Bool) {
        switch traits.attentionBiases {
        case .none: return (false, false)
        case .all(let fallback):
            let hasBias = try file.bool("attention_bias", default: fallback)
            return (hasBias, hasBias)
        case .queryKeyValue(let key, let fallback):
            return (try key.map { try file.bool($0, default: fallback) } ?? fallback, false)
        }
    }
}
