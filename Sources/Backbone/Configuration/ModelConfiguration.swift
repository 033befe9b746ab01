import Files
import Foundation

/// What `config.json` and `generation_config.json` say about a model, in either layout that is published: the newest
/// one of Hugging Face's library, or the one that most folders on the hub still have.
public struct ModelConfiguration: Sendable, Equatable {
    public let family: Family
    /// D and V.
    public let hiddenSize: Int, vocabularySize: Int
    public let layerCount: Int
    /// The longest sequence, prompt and completion together: `max_position_embeddings`.
    public let contextLength: Int
    /// Inner width of a dense feed-forward.
    public let intermediateSize: Int
    /// Heads of queries, heads of keys and values, and the size of each (of queries and keys where latent attention has
    /// other values).
    public let headCount: Int, keyValueHeadCount: Int, headSize: Int
    public let normEpsilon: Double
    /// Whether the embedding is the output matrix, too.
    public let tiesEmbeddings: Bool
    public let rope: RopeConfiguration
    /// For each layer how many of the last positions a token sees, itself included; nil sees all.
    public let windows: [Int?]
    /// Whether queries, keys and values have biases, whether the output has, and whether dense feed-forwards have.
    public let hasQueryKeyValueBias: Bool, hasOutputBias: Bool, hasFeedForwardBias: Bool
    /// Mixtures of experts, where the family has them.
    public let experts: ExpertConfiguration?
    /// Multi-head latent attention, where the family has it.
    public let latent: LatentAttentionConfiguration?
    /// Whether the experts' matrices are in MXFP4.
    public let isMXFP4: Bool
    /// Tokens that end a sequence, of generation_config.json and of config.json, each file that names some.
    public let namedEnds: [NamedEnds]
    public let beginToken: Int?
    /// Settings of sampling that generation_config.json recommends, by its names.
    public let recommendedSampling: [String: Double]

    /// Reads the folder's config.json, and its generation_config.json where that exists; of a GGUF file the metadata.
    ///
    /// - Throws: `ModelError` that names the file, the key, what was found and what was expected.
    public init(directory: URL) throws { self = try ModelSource(directory).configuration() }

    /// Reads a file with config.json's content, and the generation_config.json beside it where that exists.
    public init(file url: URL) throws {
        let generation = url.deletingLastPathComponent().appendingPathComponent("generation_config.json")
        try self.init(
            ConfigurationObject(file: url),
            generation: FileManager.default.fileExists(atPath: generation.path)
                ? ConfigurationObject(file: generation) : nil)
    }

    /// - Parameters:
    ///   - file: config.json's content.
    ///   - ends: generation_config.json's, nil where there is none.
    init(_ file: ConfigurationObject, generation ends: ConfigurationObject?) throws {
        family = try Family(file)
        let traits = family.traits
        hiddenSize = try file.integer("hidden_size")
        vocabularySize = try file.integer("vocab_size")
        layerCount = try file.integer("num_hidden_layers", in: 1...10_000)
        contextLength = try file.integer("max_position_embeddings", in: ConfigurationObject.positions)
        intermediateSize = try file.integer("intermediate_size")
        headCount = try file.integer("num_attention_heads", in: ConfigurationObject.heads)
        keyValueHeadCount = try file.integer("num_key_value_heads", in: ConfigurationObject.heads, default: headCount)
        latent = traits.attention == .latent ? try LatentAttentionConfiguration(file) : nil
        let usualHeadSize = traits.defaultHeadSize ?? max(1, hiddenSize / headCount)
        headSize =
            try latent?.headSize
            ?? file.integer("head_dim", in: ConfigurationObject.heads, default: usualHeadSize)
        guard headCount % keyValueHeadCount == 0 else {
            throw file.malformed(
                "num_key_value_heads", found: "\(keyValueHeadCount)",
                expected: "a divisor of the \(counted(headCount, "attention head", "attention heads"))")
        }
        guard headSize % 2 == 0 || latent != nil else {
            throw file.malformed("head_dim", found: "\(headSize)", expected: "an even number, for rope turns pairs")
        }
        normEpsilon = try file.positive("rms_norm_eps", default: 1e-6)
        tiesEmbeddings = try file.bool("tie_word_embeddings", default: false)
        let activation = try file.string("hidden_act", default: "silu")
        guard activation == "silu" else {
            throw file.unsupported("hidden_act", found: "'\(activation)'", supported: "silu")
        }
        rope = try RopeConfiguration(file, traits: traits, contextLength: contextLength)
        windows = try Self.windows(file, traits.windows, layerCount: layerCount)
        switch traits.attentionBiases {
        case .configured(let fallback):
            hasQueryKeyValueBias = try file.bool("attention_bias", default: fallback)
            hasOutputBias = hasQueryKeyValueBias
        case .queryKeyValue:
            (hasQueryKeyValueBias, hasOutputBias) = (true, false)
        }
        hasFeedForwardBias = try file.bool("mlp_bias", default: false)
        experts = try ExpertConfiguration(file, style: traits.experts, layerCount: layerCount)
        isMXFP4 = try Self.isMXFP4(file, family)

        namedEnds = try [ends, file].compactMap(\.self).filter { $0.has("eos_token_id") }.map { object in
            NamedEnds(
                file: URL(fileURLWithPath: object.file).lastPathComponent,
                tokens: try object.integers("eos_token_id"))
        }
        recommendedSampling = Self.samplingNames.reduce(into: [:]) { settings, name in
            settings[name] = ends?.number(ifThere: name)
        }
        beginToken = file.has("bos_token_id") ? try file.integer("bos_token_id", in: 0...Int(Int32.max)) : nil
    }

    private static let samplingNames = ["temperature", "top_p", "top_k", "min_p", "repetition_penalty"]

    /// Tokens that end a sequence: all that either file names, those of generation_config.json first. A tokenizer may
    /// name one more.
    public var endTokens: [Int] { NamedEnds.tokens(of: namedEnds) }

    private static func windows(
        _ file: ConfigurationObject, _ rule: FamilyTraits.Windows, layerCount: Int
    ) throws -> [Int?] {
        let all = 0..<layerCount
        let slides: (Int) -> Bool
        switch rule {
        case .none: return all.map { _ in nil }
        case .upperLayers, .everyLayer:
            guard try file.bool("use_sliding_window", default: false), file.has("sliding_window") else {
                return all.map { _ in nil }
            }
            let first =
                rule == .everyLayer ? 0 : try file.integer("max_window_layers", in: 0...Int(Int32.max), default: 28)
            slides = { $0 >= first }
        case .alternating: slides = { $0 % 2 == 0 }
        }
        let window = try file.integer("sliding_window", in: ConfigurationObject.positions)
        guard rule != .everyLayer, file.has("layer_types") else { return all.map { slides($0) ? window : nil } }
        let types = try file.strings("layer_types")
        guard types.count == layerCount else {
            throw file.malformed(
                "layer_types", found: counted(types.count, "layer"),
                expected: "\(layerCount), as num_hidden_layers says")
        }
        return try types.map {
            switch $0 {
            case "sliding_attention": window
            case "full_attention": nil
            default:
                throw file.unsupported("layer_types", found: "'\($0)'", supported: "sliding_attention, full_attention")
            }
        }
    }

    private static func isMXFP4(_ file: ConfigurationObject, _ family: Family) throws -> Bool {
        guard let quantization = try file.object("quantization_config") else { return false }
        let method = try quantization.string("quant_method")
        guard family == .gptOSS, method == "mxfp4" else {
            throw quantization.unsupported(
                "quant_method", found: "'\(method)' in a model of family \(family.rawValue)",
                supported: "'mxfp4' in gpt_oss, and F32, F16 and BF16 without quantization in all families")
        }
        return true
    }
}

/// The sizes of multi-head latent attention.
public struct LatentAttentionConfiguration: Sendable, Equatable {
    /// Width of the queries' latent, nil where queries come straight from the hidden state; width of the keys' and
    /// values'.
    public var queryRank: Int?, keyValueRank: Int
    /// Of a head's queries and keys: the part without position, and the part that rope turns.
    public var plainSize: Int, rotarySize: Int
    public var valueSize: Int
    /// Whether rope's pairs are neighbours, not halves.
    public var isInterleaved: Bool

    /// Size of a head's queries and keys.
    var headSize: Int { plainSize + rotarySize }

    init(_ file: ConfigurationObject) throws {
        queryRank = file.has("q_lora_rank") ? try file.integer("q_lora_rank") : nil
        keyValueRank = try file.integer("kv_lora_rank")
        plainSize = try file.integer("qk_nope_head_dim", in: ConfigurationObject.heads)
        rotarySize = try file.integer("qk_rope_head_dim", in: ConfigurationObject.heads)
        valueSize = try file.integer("v_head_dim", in: ConfigurationObject.heads)
        isInterleaved = try file.bool("rope_interleave", default: true)
        guard rotarySize % 2 == 0 else {
            throw file.malformed(
                "qk_rope_head_dim", found: "\(rotarySize)", expected: "an even number, for rope turns pairs")
        }
    }
}
