import Decoding
import LogitSketches
import Tensor

/// Decodes with the temperature and top-p that a pair of heads predicts for each token; the constant 1 for a head that
/// is not there.
///
/// The features come from the unsorted logits: one pass at T̂ + 1e-8 gives most of them and the sums that the sampler
/// draws with, so that tokens are drawn at T̂ + 1e-8 too, which is T̂ itself to a float's precision from T̂ = 0.17 on.
public struct HeadsPolicy: DecodingPolicy {
    /// The heads that predict both knobs.
    public let heads: AutoDecoHeads<Float>
    /// What P̂ means.
    public let filter: NucleusFilter
    /// Whose predictions are used; the other knob is 1.
    public let applying: HeadSelection
    private let stack: StackedHeads<Float>
    private let samplers = RowSamplers()

    /// Rows of a matrix product, filled up with zeros: OpenBLAS gives a row other last bits among another number of
    /// rows, and a sequence's tokens must not depend on which others step with it.
    private static var rowsPerProduct: Int { 8 }

    /// - Parameter applying: one head alone leaves the other's knob at 1, to show what each contributes. The top-p head
    ///   goes on to read the T̂ that it was trained to read, though tokens are drawn at T = 1.
    public init(heads: AutoDecoHeads<Float>, filter: NucleusFilter = .hard, applying: HeadSelection = .both) {
        (self.heads, self.filter, self.applying) = (heads, filter, applying)
        stack = StackedHeads(heads.parameters, configuration: heads.configuration)
    }

    /// Draws one token a row, with T̂ and P̂ of that row.
    ///
    /// - Parameters:
    ///   - hidden: h, [R, D].
    ///   - logits: [R, V].
    ///   - random: one generator a row.
    /// - Returns: one decision a row.
    /// - Throws: `PolicyError` for a row without a distribution, and for a prediction that is not a finite number.
    public func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Decision] {
        let (temperature, topP, summaries) = try predict(hidden: hidden, logits: logits)
        return try samplers.decide(logits: logits, resuming: summaries, random: &random) { sampler, row, random in
            let t = Double(temperature[row]), p = Double(topP[row])
            for (name, value) in [("predicted temperature", t), ("predicted top-p", p)] where !value.isFinite {
                throw PolicyError.knobNotFinite(row: row, name: name, value: value)
            }
            let truncation = Truncation.topP(applying.hasTopP ? p : 1, filter)
            guard applying.hasTemperature else {
                return sampler.decide(temperature: 1, truncation: truncation, random: &random)
            }
            var decision = sampler.decide(
                temperature: t > 0 ? FeatureTerms.temperature(t) : 0, truncation: truncation, random: &random)
            if t > 0 { decision.temperature = t }
            return decision
        }
    }

    /// T̂ and P̂ of R rows, and what was read of the rows for the features; nothing where no head reads them.
    ///
    /// - Throws: ``PolicyError`` for a row that has no distribution, and for a T̂ that is not a number.
    func predict(
        hidden: Tensor<Float>, logits: Tensor<Float>
    ) throws -> (temperature: [Float], topP: [Float], summaries: [RowSummary]) {
        let rows = hidden.rows
        require(logits.rows == rows, "hidden states of shape \(hidden.shape) for logits of shape \(logits.shape)")
        let results = Parallel.mapBlocks(of: rows, blockSize: Self.rowsPerProduct) { block in
            Result {
                // Where there are other blocks, they are what other threads are for.
                guard rows > Self.rowsPerProduct else { return try predict(block, hidden: hidden, logits: logits) }
                return try Parallel.$threads.withValue(1) { try predict(block, hidden: hidden, logits: logits) }
            }
        }
        let predictions = try results.map { try $0.get() }
        return (predictions.flatMap(\.temperature), predictions.flatMap(\.topP), predictions.flatMap(\.summaries))
    }

    /// What is predicted for a block of rows.
    private struct Prediction: Sendable {
        var temperature, topP: [Float]
        var summaries: [RowSummary] = []
    }

    private func predict(_ block: Range<Int>, hidden: Tensor<Float>, logits: Tensor<Float>) throws -> Prediction {
        let D = hidden.columns
        let padded = Tensor<Float>(shape: [Self.rowsPerProduct, D]) { result in
            result.update(repeating: 0)
            withPointers(to: hidden) {
                result.baseAddress!.update(from: $0 + block.lowerBound * D, count: block.count * D)
            }
        }
        var summaries: [RowSummary] = []
        let forward = try HeadsForward(stack, hidden: padded) { temperature in
            let (features, read) = try features(block, of: logits, temperature: temperature)
            summaries = read
            return features
        }
        func values(_ knob: Tensor<Float>?) -> [Float] { Array((knob ?? forward.ones).elements[0..<block.count]) }
        return Prediction(
            temperature: values(forward.temperature), topP: values(forward.topP), summaries: summaries)
    }

    /// The four features of some rows, filled up with zeros.
    private func features(
        _ rows: Range<Int>, of logits: Tensor<Float>, temperature: Tensor<Float>
    ) throws -> (Tensor<Float>, [RowSummary]) {
        let read = try samplers.map(rows, of: logits) { sampler, row in
            let t = Double(temperature[row - rows.lowerBound])
            guard t.isFinite else { throw PolicyError.knobNotFinite(row: row, name: "predicted temperature", value: t) }
            let sums = sampler.softmax(temperature: FeatureTerms.temperature(t))
            let terms = FeatureTerms(
                total: sums.total, squares: sums.squares, entropy: sampler.entropy(offset: FeatureTerms.entropyOffset),
                topFive: sampler.sumOfLargest(FeatureTerms.leadingCount))
            return (terms, sampler.summary)
        }
        let features = Tensor<Float>(shape: [temperature.rows, FeatureTerms.count]) { result in
            result.update(repeating: 0)
            for (row, (terms, _)) in read.enumerated() {
                terms.write(to: result.baseAddress! + FeatureTerms.count * row, vocabularySize: logits.columns)
            }
        }
        return (features, read.map(\.1))
    }
}
