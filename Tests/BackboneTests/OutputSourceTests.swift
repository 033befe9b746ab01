import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Which matrix makes the logits, where config.json and the weights say different things: as transformers 5 has it.
@Suite struct OutputSourceTests {
    private static let output = "lm_head.weight", embedding = "model.embed_tokens.weight"

    /// A tiny model that ties its output matrix, and the values of its embedding, [V, D].
    private func tied() throws -> (model: TinyModel, values: [Float], shape: [Int]) {
        let model = try TinyModel(.qwen2)
        let tensor = try Checkpoint(folder: model.folder.path).tensor(Self.embedding)
        return (model, try tensor.values(as: Float.self), tensor.shape)
    }

    @Test func aTiedModelWithAnotherOutputMatrixTakesIt() throws {
        var (tiny, values, shape) = try tied()
        let before = try tiny.load()
        #expect(before.outputSource == .embedding && before.warnings.isEmpty)
        // One number in the last row: all values count.
        values[values.count - 1] += 0.5
        try tiny.append(NewTensor(Self.output, shape, values))
        let model = try tiny.load()
        #expect(model.outputSource == .ownAgainstConfiguration)
        #expect(
            model.warnings.count == 1 && model.warnings[0].contains("4.57")
                && model.warnings[0].contains(tiny.folder.path))

        let hidden = try before.hidden([tiny.tokens(5)])
        #expect(try model.hidden([tiny.tokens(5)]) == hidden)
        let (old, new) = (before.logits(hidden), model.logits(hidden)), V = shape[0], D = shape[1]
        for row in 0..<5 {
            for token in 0..<V {
                let change = token == V - 1 ? 0.5 * hidden.elements[row * D + D - 1] : 0
                #expect(
                    abs(new.elements[row * V + token] - old.elements[row * V + token] - change) < 1e-5,
                    "row \(row), token \(token)")
            }
        }
    }

    @Test func aTiedModelWithItsEmbeddingTwiceIsTied() throws {
        let (tiny, values, shape) = try tied()
        let before = try tiny.load()
        // Of another type than the embedding's, BF16.
        try tiny.append(NewTensor(Self.output, shape, values))
        let model = try tiny.load()
        #expect(model.outputSource == .embedding && model.warnings.isEmpty)
        let hidden = try before.hidden([tiny.tokens(5)])
        #expect(model.logits(hidden) == before.logits(hidden))
    }

    @Test func aTiedModelWithTheOutputMatrixAloneEmbedsWithIt() throws {
        let (tiny, values, shape) = try tied()
        let before = try tiny.load(), hidden = try before.hidden([tiny.tokens(5)])
        try tiny.append(NewTensor(Self.output, shape, values))
        try tiny.replace(Self.embedding, with: nil)
        let model = try tiny.load()
        #expect(model.outputSource == .embedding && model.warnings.isEmpty)
        let difference =
            zip(try model.hidden([tiny.tokens(5)]).elements, hidden.elements).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference < 1e-5)
    }

    @Test func anUntiedModelTakesItsOwnWithoutAWord() throws {
        let model = try TinyModel(.llama).load()
        #expect(model.outputSource == .own && model.warnings.isEmpty)
    }

    @Test func aTiedOutputMatrixOfAnotherShapeIsRefused() throws {
        let (tiny, values, shape) = try tied()
        try tiny.append(NewTensor(Self.output, [shape[0] - 1, shape[1]], Array(values.dropLast(shape[1]))))
        let error = #expect(throws: (any Error).self) { try tiny.load() }
        #expect(error.map { "\($0)" }?.contains(Self.output) == true)
    }
}
