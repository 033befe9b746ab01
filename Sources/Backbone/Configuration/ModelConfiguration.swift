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
    /// What bends the gates of feed-forwards.
    let activation: Activation
    /// Rope, and that of layers with a window where the family gives them their own.
    public let rope: RopeConfiguration, windowRope: RopeConfiguration?
    /// For each layer whether it has rope.
    public let ropeLayers: [Bool]
    /// How many elements of a head rope turns.
    public let rotarySize: Int
    /// For each layer how many of the last positions a token sees, itself included; nil sees all.
    public let windows: [Int?]
    /// What a query·key is multiplied by, where that is not 1/√(head size).
    let ownAttentionScale: Double?
    /// Whether queries and keys go through norms, and how wide those are.
    let headNorms: FamilyTraits.HeadNorms
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
    /// Stands for the model's weights, where those have been opened: heads name the one that they were fitted to.
    public internal(set) var modelFingerprint: String?
    /// Whether heads of another model of the same sizes may decode this one.
    public internal(set) var acceptsAnyHeads = false
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
        normEpsilon = try file.positive("rms_norm_eps", default: traits.defaultEpsilon)
        tiesEmbeddings = try file.bool("tie_word_embeddings", default: traits.tiesEmbeddings)
        activation = try Self.activation(file, traits)
        let usualRotarySize = try RopeConfiguration.rotarySize(file, traits: traits, headSize: headSize)
        rotarySize = latent?.rotarySize ?? usualRotarySize
        rope = try RopeConfiguration(file, traits: traits, contextLength: contextLength, rotarySize: rotarySize)
        windowRope = try RopeConfiguration.ofWindows(
            file, traits: traits, contextLength: contextLength, rotarySize: rotarySize)
        ropeLayers = try RopeConfiguration.layers(file, traits: traits, count: layerCount)
        windows = try Self.windows(file, traits.windows, ropeLayers: ropeLayers)
        ownAttentionScale =
            traits.hasOwnAttentionScale
            ? 1 / (try file.positive("query_pre_attn_scalar", default: 256)).squareRoot() : nil
        headNorms = try Self.headNorms(file, traits)
        (hasQueryKeyValueBias, hasOutputBias) = try Self.attentionBiases(file, traits)
        hasFeedForwardBias = try file.bool("mlp_bias", default: false)
        experts = try ExpertConfiguration(file, traits: traits, layerCount: layerCount)
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
