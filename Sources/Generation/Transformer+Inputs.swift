import Backbone
import Tokenizers

// What a model can read, asked before anything runs.

extension Transformer {
    /// - Parameters:
    ///   - name: of the prompt, for the message.
    /// - Throws: ``ModelError`` for a prompt that is empty, leaves no room for a token in the context or has an id
    ///   outside the vocabulary.
    public func requireFit(prompt: [Int], _ name: String) throws {
        let context = configuration.contextLength, vocabulary = configuration.vocabularySize
        guard !prompt.isEmpty else { throw ModelError(.empty, "found no tokens in \(name), expected at least one") }
        guard prompt.count < context else {
            throw ModelError(
                .tooLong,
                "found \(prompt.count) tokens in \(name), expected at most \(context - 1): the model's "
                    + "max_position_embeddings is \(context), and a completion needs room for a token")
        }
        if let position = prompt.firstIndex(where: { $0 < 0 || $0 >= vocabulary }) {
            throw ModelError(
                .unknownToken,
                "found token id \(prompt[position]) at position \(position) of \(name), expected 0 to \(vocabulary - 1)"
            )
        }
    }

    /// - Parameter folder: where the tokenizer comes from, for the message.
    /// - Throws: ``ModelError`` for the tokenizer of another model, by the number of its tokens.
    public func requireFit(_ tokenizer: Tokenizer, in folder: String) throws {
        let known = tokenizer.vocabularySize, rows = configuration.vocabularySize
        // Published models have some rows to spare, at most a few thousand in a hundred thousand.
        guard known <= rows, known * 10 >= rows * 9 else {
            throw ModelError(
                .mismatch,
                "\(folder): the tokenizer has \(known) tokens, which do not fit the model's vocabulary of \(rows); "
                    + "take the tokenizer files that were published with the model"
            )
        }
    }

    /// Tokens that end a completion: all that generation_config.json, config.json or the tokenizer's eos_token name, in
    /// this order.
    ///
    /// Files of one model often name different ones: the end of a text in one, the end of a turn in another.
    public func endTokens(with tokenizer: Tokenizer?) -> [Int] {
        NamedEnds.tokens(of: configuration.namedEnds(with: tokenizer))
    }
}

extension ModelConfiguration {
    /// Which file names which tokens as ends, the tokenizer's `eos_token` last; files that name none are left out.
    public func namedEnds(with tokenizer: Tokenizer?) -> [NamedEnds] {
        guard let tokenizer, let end = tokenizer.endOfSequence else { return namedEnds }
        return namedEnds + [NamedEnds(file: tokenizer.configurationName, tokens: [end])]
    }
}
