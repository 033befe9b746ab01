import LogitSketches
import Safetensors

/// What a hidden-state cache holds: of which model, and in which form.
public struct CacheDescription: Sendable, Equatable {
    public var modelName: String
    public var modelPath: String
    /// D, the size of the model's hidden state.
    public var hiddenSize: Int
    /// V.
    public var vocabularySize: Int
    /// K and B.
    public var sketch: SketchShape
    /// How hidden states are stored: BF16, F16 or F32.
    public var hiddenType: ElementType
    /// r, where hidden states are projected onto r principal components; nil where they are stored whole.
    public var rank: Int?

    /// In what numbers the model's matrix products were made, where that is not Float.
    public var products: String?

    /// Columns of the stored hidden states: r where projected, else D.
    public var storedSize: Int { rank ?? hiddenSize }

    /// Bytes that a token takes in a shard: hidden state, label with its rank and logit, largest logits, tail,
    /// trajectory and position.
    public var bytesPerToken: Int {
        let tail = vocabularySize > sketch.exact ? 3 * (sketch.bins + 1) : 0
        return storedSize * hiddenType.byteWidth + 4 * (5 + min(sketch.exact, vocabularySize) + tail)
    }

    public static let hiddenTypes: [ElementType] = [.bf16, .f16, .f32]
    /// Token ids and counts are stored as Int32 and Float.
    static let largestVocabulary = 1 << 24

    /// - Throws: ``CacheError`` where a size is out of its range.
    public init(
        modelName: String, modelPath: String, hiddenSize: Int, vocabularySize: Int,
        topLogits: Int = SketchShape.standard.exact,
        tailBins: Int = SketchShape.standard.bins, hiddenType: ElementType = .bf16, rank: Int? = nil
    ) throws {
        try self.init(
            place: "cache", modelName: modelName, modelPath: modelPath, hiddenSize: hiddenSize,
            vocabularySize: vocabularySize,
            topLogits: topLogits, tailBins: tailBins, hiddenType: hiddenType, rank: rank)
    }

    /// - Parameter place: what a message begins with.
    init(
        place: String, modelName: String, modelPath: String, hiddenSize: Int, vocabularySize: Int, topLogits: Int,
        tailBins: Int,
        hiddenType: ElementType, rank: Int?
    ) throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw CacheError(
                    place,
                    "\(name) is \(value), expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("hidden_size", hiddenSize, 1...1 << 24)
        try check("vocabulary_size", vocabularySize, 1...Self.largestVocabulary)
        try check("top_logits", topLogits, 5...1 << 16)
        try check("tail_bins", tailBins, 1...1 << 16)
        if let rank { try check("rank", rank, 1...hiddenSize) }
        guard Self.hiddenTypes.contains(hiddenType) else {
            throw CacheError(place, "hidden_dtype is \(hiddenType.rawValue), expected BF16, F16 or F32")
        }
        (self.modelName, self.modelPath) = (modelName, modelPath)
        (self.hiddenSize, self.vocabularySize) = (hiddenSize, vocabularySize)
        sketch = SketchShape(exact: topLogits, bins: tailBins)
        (self.hiddenType, self.rank) = (hiddenType, rank)
    }
}
