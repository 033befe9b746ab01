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
