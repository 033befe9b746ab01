import Files
import Foundation

/// What `tokenizer.ggml.token_type` says of a token.
private enum TokenType {
    static let unknown = 2, control = 3, userDefined = 4
}

extension GGUFModel {
    private static let tokensKey = "tokenizer.ggml.tokens", typesKey = "tokenizer.ggml.token_type"

    /// tokenizer.json and tokenizer_config.json; nil where the metadata have no vocabulary.
    ///
    /// - Throws: `FileError` for metadata that are malformed, a vocabulary that is no byte-level BPE, and a
    ///   pre-tokenizer that is not known.
    public func tokenizer() throws -> (document: Data, configuration: Data)? {
        guard metadata["tokenizer.ggml.model"] != nil || metadata[Self.tokensKey] != nil else { return nil }
        guard try metadata.text("tokenizer.ggml.model") == "gpt2" else {
            throw metadata.failure("tokenizer.ggml.model", expected: "\"gpt2\", byte-level byte-pair encoding")
        }
        guard let kind = PreTokenizerKind(name: try metadata.text("tokenizer.ggml.pre")) else {
            throw metadata.failure(
                "tokenizer.ggml.pre",
                expected: "one of " + PreTokenizerKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let tokens = try metadata.texts(Self.tokensKey)
        func name(_ key: String) throws -> String? {
            try metadata.token("tokenizer.ggml.\(key)_token_id").map { try token($0, of: tokens, key: key) }
        }
        let beginning = try name("bos")
        let addsBeginning =
            try metadata.bool("tokenizer.ggml.add_bos_token", default: kind.addsBeginning) && beginning != nil
        var configuration = PublishedObject()
        configuration.set("add_bos_token", addsBeginning)
        if let beginning { configuration.set("bos_token", text: beginning) }
        if let end = try name("eos") { configuration.set("eos_token", text: end) }
        if let template = try chatTemplate() { configuration.set("chat_template", text: template) }
        let document = try self.document(tokens, kind, beginning: addsBeginning ? beginning : nil)
        return (document, configuration.data)
    }

    /// The template for conversations; nil where there is none.
    public func chatTemplate() throws -> String? {
        let key = "tokenizer.chat_template"
        return metadata[key] == nil ? nil : try metadata.text(key)
    }

    private func token(_ id: Int, of tokens: [String], key: String) throws -> String {
        guard tokens.indices.contains(id) else {
            throw metadata.failure(
                "tokenizer.ggml.\(key)_token_id", expected: "a token from 0 to \(tokens.count - 1)")
        }
        return tokens[id]
    }

    /// What each token is; all are plain where the metadata do not say.
    private func tokenTypes(count: Int) throws -> [Int] {
        guard metadata[Self.typesKey] != nil else { return Array(repeating: 1, count: count) }
        let types = try metadata.integers(Self.typesKey)
        guard types.count == count else {
            throw metadata.failure(Self.typesKey, expected: "\(count) numbers, one a token")
        }
        return types
    }

    private func document(_ tokens: [String], _ kind: PreTokenizerKind, beginning: String?) throws -> Data {
        let types = try tokenTypes(count: tokens.count), quote = JSONMembers.quote
        let added = tokens.indices.filter { (TokenType.unknown...TokenType.userDefined).contains(types[$0]) }.map {
            id in
            #"{"id": \#(id), "content": \#(quote(tokens[id])), "single_word": false, "lstrip": false, "#
                + #""rstrip": false, "normalized": false, "special": \#(types[id] != TokenType.userDefined)}"#
        }
        let vocabulary = tokens.enumerated().map { "\(quote($1)): \($0)" }
        let merges = try metadata.texts("tokenizer.ggml.merges").map(quote)
        let template =
            beginning.map { token in
                let id = tokens.firstIndex(of: token) ?? 0
                let special = #"{"SpecialToken": {"id": \#(quote(token)), "type_id": 0}}"#
                return
                    #"{"type": "TemplateProcessing", "single": [\#(special), "#
                    + #"{"Sequence": {"id": "A", "type_id": 0}}], "#
                    + #""pair": [\#(special), {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "#
                    + #""type_id": 1}}], "special_tokens": {\#(quote(token)): {"id": \#(quote(token)), "#
                    + #""ids": [\#(id)], "tokens": [\#(quote(token))]}}}"#
            } ?? "null"
        let text = """
            {"version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [\(added.joined(separator: ",\n"))],
            "normalizer": \(kind.normalizer), "pre_tokenizer": \(kind.preTokenizer), "post_processor": \(template),
            "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": \(kind.ignoresMerges),
            "vocab": {\(vocabulary.joined(separator: ",\n"))},
            "merges": [\(merges.joined(separator: ",\n"))]}}

            """
        return Data(text.utf8)
    }

    /// Tokens that end a text: those that the metadata name, and control tokens that end a turn or a text in published
    /// models, as llama.cpp takes them.
    func endTokens() throws -> [Int] {
        let named = try ["eos", "eot", "eom"].compactMap { try metadata.token("tokenizer.ggml.\($0)_token_id") }
        var ends: [Int] = []
        for id in named where !ends.contains(id) { ends.append(id) }
        guard metadata[Self.tokensKey] != nil else { return ends }
        let tokens = try metadata.texts(Self.tokensKey), types = try tokenTypes(count: tokens.count)
        for (id, token) in tokens.enumerated()
        where types[id] == TokenType.control && Self.ends.contains(token) && !ends.contains(id) { ends.append(id) }
        return ends
    }

    private static let ends: Set = [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|return|>", "<|call|>",
        "<end_of_turn>", "<｜end▁of▁sentence｜>",
    ]
}
