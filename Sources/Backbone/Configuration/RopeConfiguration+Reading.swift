import Files

extension RopeConfiguration {
    static let supportedTypes = ["default", "linear", "dynamic", "llama3", "yarn", "longrope"]

    /// Rope of all layers, or of those without a window where the others have their own.
    ///
    /// - Parameter rotarySize: how many elements of a head are turned.
    init(_ file: ConfigurationObject, traits: FamilyTraits, contextLength: Int, rotarySize: Int) throws {
        var key = "rope_parameters", nested = try file.object(key)
        if case .windowsApart = traits.ropes, nested?.hasNestedObjects == true {
            nested = try nested?.object("full_attention")
        } else if nested == nil {
            key = "rope_scaling"
        }
        let parameters = try nested ?? file.object("rope_scaling")
        if let parameters, parameters.hasNestedObjects {
            throw file.unsupported(
                key, found: "an object for each kind of layer", supported: "one object for all layers")
        }
        let base = try (nested ?? file).positive(
            "rope_theta", default: file.positive("rope_theta", default: traits.defaultRopeBase))
        try self.init(
            base: base,
            scaling: parameters.map {
                try Scaling($0, file, traits: traits, contextLength: contextLength, rotarySize: rotarySize)
            } ?? .none)
    }

    /// Rope of the layers with a window, where the family gives them their own.
    static func ofWindows(
        _ file: ConfigurationObject, traits: FamilyTraits, contextLength: Int, rotarySize: Int
    ) throws -> RopeConfiguration? {
        guard case .windowsApart(let fallback) = traits.ropes else { return nil }
        guard let parameters = try file.object("rope_parameters")?.object("sliding_attention") else {
            return RopeConfiguration(base: try file.positive("rope_local_base_freq", default: fallback))
        }
        return RopeConfiguration(
            base: try parameters.positive("rope_theta", default: fallback),
            scaling: try Scaling(
                parameters, file, traits: traits, contextLength: contextLength, rotarySize: rotarySize))
    }

    /// How many elements of a head are turned: `partial_rotary_factor` of them.
    static func rotarySize(_ file: ConfigurationObject, traits: FamilyTraits, headSize: Int) throws -> Int {
        let key = "partial_rotary_factor"
        let objects = try [file.object("rope_parameters"), file.object("rope_scaling"), file].compactMap(\.self)
        guard let fallback = traits.defaultRotaryShare else {
            for object in objects where try object.positive(key, default: 1) != 1 {
                throw object.unsupported(
                    key, found: "\(try object.positive(key))", supported: "1, all of a head")
            }
            return headSize
        }
        let object = objects.first { $0.has(key) } ?? file
        let share = try object.positive(key, default: fallback)
        let size = share <= 1 ? Int(Double(headSize) * share) : 0
        guard size >= 2, size % 2 == 0 else {
            throw object.malformed(
                key, found: "\(share)",
                expected: "a share of at most 1 that leaves an even number of a head's \(headSize) elements")
        }
        return size
    }

    /// Which layers have rope.
    static func layers(_ file: ConfigurationObject, traits: FamilyTraits, count: Int) throws -> [Bool] {
        guard case .exceptEachFourth = traits.ropes else { return Array(repeating: true, count: count) }
        guard file.has("no_rope_layers") else {
            let interval = try file.integer("no_rope_layer_interval", in: 1...Int(Int32.max), default: 4)
            return (1...count).map { $0 % interval != 0 }
        }
        let marks = try file.integers("no_rope_layers")
        guard marks.count == count else {
            throw file.malformed(
                "no_rope_layers", found: counted(marks.count, "layer"),
                expected: "\(count), as num_hidden_layers says")
        }
        return marks.map { $0 != 0 }
    }
}

extension RopeConfiguration.Scaling {
    /// - Parameters:
    ///   - parameters: the object with `rope_type`.
    ///   - file: the whole file, where some models have the original context.
    fileprivate init(
        _ parameters: ConfigurationObject, _ file: ConfigurationObject, traits: FamilyTraits, contextLength: Int,
        rotarySize: Int
    ) throws {
        let typeKey = parameters.has("rope_type") ? "rope_type" : "type"
        let contextKey = "original_max_position_embeddings"
        let contextObject = file.has(contextKey) ? file : parameters
        func originalContext() throws -> Double {
            try contextObject.positive(contextKey, default: Double(contextLength))
        }
        let type = try parameters.string(typeKey, default: "default")
        switch traits.longRopeNames.contains(type) ? "longrope" : type {
        case "default":
            self = .none
        case "linear":
            self = .linear(factor: try parameters.positive("factor"))
        case "dynamic":
            self = .dynamic(factor: try parameters.positive("factor"))
        case "llama3":
            self = .llama3(
                factor: try parameters.positive("factor"),
                lowFrequencyFactor: try parameters.positive("low_freq_factor"),
                highFrequencyFactor: try parameters.positive("high_freq_factor"),
                originalContext: try originalContext())
        case "yarn":
            let original = try originalContext()
            self = .yarn(
                RopeConfiguration.Yarn(
                    factor: try parameters.positive("factor", default: Double(contextLength) / original),
                    betaFast: try parameters.positive("beta_fast", default: 32),
                    betaSlow: try parameters.positive("beta_slow", default: 1),
                    originalContext: original, truncates: try parameters.bool("truncate", default: true),
                    attentionFactor: parameters.has("attention_factor")
                        ? try parameters.positive("attention_factor") : nil,
                    scale: try parameters.nonNegative("mscale", default: 0),
                    allDimensionsScale: try parameters.nonNegative("mscale_all_dim", default: 0)))
        case "longrope":
            let original = try contextObject.integer(contextKey, in: 2...Int(Int32.max))
            self = .longRope(
                RopeConfiguration.LongRope(
                    short: try parameters.positives("short_factor", count: rotarySize / 2),
                    long: try parameters.positives("long_factor", count: rotarySize / 2),
                    originalContext: original,
                    factor: try parameters.positive("factor", default: Double(contextLength) / Double(original)),
                    attentionFactor: parameters.has("attention_factor")
                        ? try parameters.positive("attention_factor") : nil))
        case let other:
            throw parameters.unsupported(
                typeKey, found: "the rope type '\(other)'",
                supported: RopeConfiguration.supportedTypes.joined(separator: ", "))
        }
    }
}
