import Tensor
import TestSupport
import Testing
@testable import Backbone

private let kinds = TinyModel.Kind.allCases.filter { $0 != .deepSeekV3 && $0 != .deepSeekV3WithoutQueryLatent }

/// Tiny models go through the layers in slices, with packed weights: rows do not change each other's bits.
@Suite struct TinyTransformerTests {
    @Test(arguments: kinds)
    func packedWeightsGiveWhatTheFilesBytesGive(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), packed = try tiny.load(), plain = try tiny.loadAsLarge()
        #expect(packed.isTiny && !plain.isTiny)
        let sequences = (0..<40).map { tiny.tokens(1 + $0 * 11 % 60, seed: UInt64($0)) }
        let got = try packed.hidden(sequences), wanted = try plain.hidden(sequences)
        let (difference, place) = largestDifference(got, wanted)
        #expect(difference <= 1e-4, "\(kind), element \(place)")
        #expect(largestDifference(packed.logits(got), plain.logits(wanted)).difference <= 1e-4)
    }

    @Test(arguments: kinds)
    func promptsReadTogetherHaveTheBitsOfPromptsReadAlone(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load()
        let prompts = (0..<90).map { tiny.tokens(1 + $0 * 13 % 70, seed: UInt64($0)) }
        let caches = prompts.map { _ in model.makeCache() }
        let together = try model.advance(zip(caches, prompts).map { (cache: $0, tokens: $1) })
        let forced = try model.hidden(prompts)
        #expect(together == forced)
        let stepped = try model.advance(caches.map { (cache: $0, tokens: [3]) })
        var row = 0
        for (index, prompt) in prompts.enumerated() {
            let cache = model.makeCache(), alone = try model.advance([(cache, prompt)])
            #expect(alone == together.selecting(rows: Array(row..<row + prompt.count)), "prompt \(index)")
            #expect(
                try model.advance([(cache, [3])]) == stepped.selecting(rows: [index]), "the step after prompt \(index)")
            row += prompt.count
        }
    }

    @Test func bitsDoNotDependOnThreads() throws {
        let tiny = try TinyModel(.llama), model = try tiny.load()
        let sequences = (0..<60).map { tiny.tokens(1 + $0, seed: UInt64($0)) }
        let one = try Parallel.$threads.withValue(1) { try model.hidden(sequences) }
        for threads in [2, 3] {
            #expect(try Parallel.$threads.withValue(threads) { try model.hidden(sequences) } == one)
        }
    }

    @Test func slicesHoldAllSequencesInOrder() {
        let cases: [[Int]] = [
            [], [5], [300, 1, 1], Array(repeating: 1, count: 512), (0..<77).map { 1 + $0 * 37 % 150 },
        ]
        for lengths in cases {
            let slices = Slice.cut(lengths)
            #expect(slices.flatMap { Array($0.sequences) } == Array(lengths.indices))
            #expect(slices.flatMap { Array($0.rows) } == Array(0..<lengths.reduce(0, +)))
            for slice in slices {
                #expect(slice.rows.count == lengths[slice.sequences].reduce(0, +))
                #expect(slice.rows.count <= Slice.mostRows || slice.sequences.count == 1)
            }
        }
        #expect(Slice.cut(Array(repeating: 1, count: 512)).map(\.rows.count) == [128, 128, 128, 128])
    }
}
