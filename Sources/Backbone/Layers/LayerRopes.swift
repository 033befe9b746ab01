/// Which layer turns queries and keys how: most models have one rope for all layers, some leave layers without one, and
/// some turn layers with a window otherwise than the rest.
struct LayerRopes: Sendable {
    /// The different ropes of the model: for texts within the original context, and for longer ones under longrope.
    private let usual: [RotaryEmbedding], long: [RotaryEmbedding]
    /// For each layer its place among those, nil where it has none.
    private let kinds: [Int?]
    /// Texts of more tokens than this are turned by the long ropes, at all positions; nil where they are the same.
    let longerThan: Int?

    init(_ configuration: ModelConfiguration) {
        let ropes = [configuration.rope] + (configuration.windowRope.map { [$0] } ?? [])
        func embeddings(isLong: Bool) -> [RotaryEmbedding] {
            ropes.map {
                RotaryEmbedding(
                    $0, size: configuration.rotarySize, isInterleaved: configuration.latent?.isInterleaved ?? false,
                    isLong: isLong)
            }
        }
        kinds = zip(configuration.ropeLayers, configuration.windows).map { hasRope, window in
            hasRope ? (window != nil && configuration.windowRope != nil ? 1 : 0) : nil
        }
        longerThan = configuration.longRopeThreshold
        usual = embeddings(isLong: false)
        long = longerThan == nil ? usual : embeddings(isLong: true)
    }

    /// Of each rope the cosines and sines of a pass's rows, shared by all layers.
    func rotations(of spans: [Batch.Span]) -> [Rotations] {
        zip(usual, long).map { usual, long in
            var turns: [Float] = []
            turns.reserveCapacity(spans.reduce(0) { $0 + $1.rows.count } * 2 * usual.frequencies.count)
            for span in spans { (span.cache.isLong ? long : usual).append(span.positions, to: &turns) }
            return Rotations(pairs: usual.frequencies.count, isInterleaved: usual.isInterleaved, turns: turns)
        }
    }

    /// A layer's place among the rotations, nil where it has none.
    func kind(ofLayer layer: Int) -> Int? { kinds[layer] }
}

extension ModelConfiguration {
    /// How many tokens a text may have before longrope turns all of its positions otherwise; nil where none may have
    /// more, or no rope is longrope.
    public var longRopeThreshold: Int? {
        [rope, windowRope].compactMap { rope -> Int? in
            guard case .longRope(let longRope) = rope?.scaling, longRope.originalContext < contextLength else {
                return nil
            }
            return longRope.originalContext
        }.first
    }

    /// What a user should know of longrope before mixing texts of both lengths; nil where it does not matter.
    func longRopeWarning(_ path: String) -> String? {
        longRopeThreshold.map {
            "\(path): longrope turns all positions of a text of more than \($0) tokens otherwise than those of a "
                + "shorter one, as in transformers: hidden states from before a text outgrew that are not those of the "
                + "whole text"
        }
    }
}
