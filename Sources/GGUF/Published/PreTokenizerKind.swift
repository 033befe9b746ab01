import Files

/// How a vocabulary's texts are cut before merging, as `tokenizer.ggml.pre` names it: the pre-tokenizers that models
/// publish in their tokenizer.json.
enum PreTokenizerKind: String, CaseIterable {
    case gpt2 = "gpt-2"
    case llama3 = "llama-bpe"
    case smollm
    case qwen2
    case deepSeekR1Qwen = "deepseek-r1-qwen"
    case deepSeekV3 = "deepseek-v3"
    case gpt4o = "gpt-4o"
    case tekken

    /// Other names that files have for the same.
    private static let synonyms = [
        "llama3": llama3, "llama-v3": llama3, "stablelm2": qwen2, "phi-2": gpt2, "llama4": gpt4o, "starcoder": smollm,
    ]

    init?(name: String) {
        guard let kind = Self(rawValue: name) ?? Self.synonyms[name] else { return nil }
        self = kind
    }

    /// A piece that is a token becomes that token without asking the merges.
    var ignoresMerges: Bool { self == .llama3 || self == .tekken }

    /// Whether texts begin with BOS where the file does not say.
    var addsBeginning: Bool { self == .llama3 || self == .tekken }

    /// The member `normalizer`.
    var normalizer: String { self == .qwen2 || self == .deepSeekR1Qwen ? #"{"type": "NFC"}"# : "null" }

    /// The member `pre_tokenizer`.
    var preTokenizer: String {
        switch self {
        case .gpt2: return Self.byteLevel(usesPattern: true)
        case .smollm:
            return Self.sequence([#"{"type": "Digits", "individual_digits": true}"#, Self.byteLevel(usesPattern: true)])
        case .llama3: return Self.splits([Self.words(digits: #"\p{N}{1,3}"#)])
        case .qwen2, .deepSeekR1Qwen: return Self.splits([Self.words(digits: #"\p{N}"#)])
        case .deepSeekV3:
            return Self.splits([
                #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+",
                ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
                    + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
            ])
        case .gpt4o: return Self.splits([Self.casedWords(ending: Self.contractions + "?", digits: #"\p{N}{1,3}"#)])
        case .tekken: return Self.splits([Self.casedWords(ending: "", digits: #"\p{N}"#)])
        }
    }

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

    private static func words(digits: String) -> String {
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// Words that break before a capital.
    private static func casedWords(ending: String, digits: String) -> String {
        let capital = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, small = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        return #"[^\r\n\p{L}\p{N}]?"# + capital + "*" + small + "+" + ending + #"|[^\r\n\p{L}\p{N}]?"# + capital + "+"
            + small + "*" + ending + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static func sequence(_ steps: [String]) -> String {
        #"{"type": "Sequence", "pretokenizers": [\#(steps.joined(separator: ", "))]}"#
    }

    private static func splits(_ patterns: [String]) -> String {
        let splits = patterns.map {
            #"{"type": "Split", "pattern": {"Regex": \#(JSONMembers.quote($0))}, "behavior": "Isolated", "#
                + #""invert": false}"#
        }
        return sequence(splits + [byteLevel(usesPattern: false)])
    }

    private static func byteLevel(usesPattern: Bool) -> String {
        #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": \#(usesPattern)}"#
    }
}
