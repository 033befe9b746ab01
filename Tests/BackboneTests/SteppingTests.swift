import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Reading with caches gives what teacher-forced reading gives, whatever the order and company in which tokens come.
@Suite struct SteppingTests {
    @Test(arguments: TinyModel.Kind.allCases)
    func steppingEqualsTeacherForcing(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load()
        let sequences = [tiny.tokens(37), tiny.tokens(3), tiny.tokens(70), tiny.tokens(16)]
        let forced = try model.hidden(sequences)
        let stepped = try hiddenStepByStep(model, sequences, prompts: [5, 1, 33, 16])
        let (difference, place) = largestDifference(stepped, forced)
        #expect(difference <= 1e-4, "\(kind), element \(place)")
        #expect(forced.elements.allSatisfy(\.isFinite) && forced.elements.contains { abs($0) > 0.1 })
    }

    /// A row's hidden state does not depend on which rows go with it, nor on the tokens after it.
    @Test(arguments: TinyModel.Kind.allCases)
    func rowsAreIndependentOfTheirCompanyAndFuture(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load()
        let long = tiny.tokens(50)
        let together = try model.hidden([tiny.tokens(8), long, tiny.tokens(11)])
        let alone = try model.hidden([Array(long.prefix(20))])
        #expect(largestDifference(together.selecting(rows: Array(8..<28)), alone).difference <= 1e-4)
    }

    @Test(arguments: TinyModel.Kind.allCases)
    func chunkedPromptsEqualWholeOnes(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load(), prompt = tiny.tokens(61)
        let whole = try model.hidden([prompt])
        for chunk in [1, 7, 32, 60] {
            let cache = model.makeCache(pageSize: 16)
            var rows: [Float] = []
            for start in stride(from: 0, to: prompt.count, by: chunk) {
                rows += try model.advance([(cache, Array(prompt[start..<min(start + chunk, prompt.count)]))]).elements
            }
            #expect(cache.count == 61)
            #expect(largestDifference(Tensor(shape: whole.shape, rows), whole).difference <= 1e-4, "chunks of \(chunk)")
        }
    }

    @Test(arguments: TinyModel.Kind.allCases)
    func forksShareAPromptAndGoTheirOwnWays(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), model = try tiny.load()
        let prompt = tiny.tokens(21)
        let continuations = (0..<3).map { tiny.tokens(9 + $0, seed: UInt64($0)) }
        // 21 is in the middle of a page of 8, so that forks write where others read.
        let original = model.makeCache(pageSize: 8)
        _ = try model.advance([(original, prompt)])
        let forks = continuations.map { _ in original.fork() }
        for step in 0..<11 {
            let open = forks.indices.filter { step < continuations[$0].count }
            let hidden = try model.advance(open.map { (forks[$0], [continuations[$0][step]]) })
            for (row, fork) in open.enumerated() {
                let whole = try model.hidden([prompt + continuations[fork].prefix(step + 1)])
                let difference = largestDifference(hidden.selecting(rows: [row]), whole.selecting(rows: [21 + step]))
                    .difference
                #expect(difference <= 1e-4, "fork \(fork), step \(step)")
            }
        }
        // The original has not seen any of it.
        let late = try model.advance([(original, [5, 6])])
        let whole = try model.hidden([prompt + [5, 6]])
        #expect(original.count == 23)
        #expect(largestDifference(late, whole.selecting(rows: [21, 22])).difference <= 1e-4)
    }

    @Test func sequencesLeaveAndNewOnesEnter() throws {
        let tiny = try TinyModel(.qwen3MoE), model = try tiny.load()
        let first = tiny.tokens(12), second = tiny.tokens(9), third = tiny.tokens(14)
        let a = model.makeCache(), b = model.makeCache(), c = model.makeCache()
        _ = try model.advance([(a, Array(first.prefix(4))), (b, Array(second.prefix(8)))])
        _ = try model.advance([(b, [second[8]]), (a, [first[4]])])
        // b is done; c enters with its whole prompt beside one token of a.
        let hidden = try model.advance([(c, Array(third.prefix(13))), (a, [first[5]])])
        let wanted = try model.hidden([Array(third.prefix(13)), Array(first.prefix(6))])
        let rows = Array(0..<13) + [18]
        #expect(largestDifference(hidden, wanted.selecting(rows: rows)).difference <= 1e-4)
    }

    @Test func promptsLongerThanAPassAreCut() throws {
        let tiny = try TinyModel(.gptOSS, ["max_position_embeddings": 4096]), model = try tiny.load()
        let long = tiny.tokens(Transformer.passRows + 300), short = tiny.tokens(10)
        let hidden = try model.hidden([short, long, short])
        #expect(hidden.rows == long.count + 20)
        let cache = model.makeCache()
        var rows = try model.advance([(cache, Array(long.prefix(1000)))]).elements
        rows += try model.advance([(cache, Array(long.dropFirst(1000)))]).elements
        let stepped = Tensor(shape: [long.count, hidden.columns], rows)
        #expect(largestDifference(stepped, hidden.selecting(rows: Array(10..<10 + long.count))).difference <= 1e-4)
        #expect(largestDifference(hidden.selecting(rows: Array(0..<10)), try model.hidden([short])).difference <= 1e-4)
    }

    @Test func pagesOutsideOfTheWindowAreLetGo() throws {
        let layout = CacheLayout(groups: 2, keySize: 4, valueSize: 4, valuesAreKeys: false)
        let cache = KVCache(layout: layout, windows: [6, nil], pageSize: 4)
        let row = Tensor<Float>(shape: [1, 8], repeating: 1)
        for _ in 0..<40 {
            for layer in 0..<2 { cache.append(layer: layer, keys: row, values: row, rows: 0..<1) }
            cache.advance(by: 1)
        }
        // Position 40 sees 35 to 40: pages 0 to 7, positions 0 to 31, are gone.
        #expect(cache.pages[0].map(\.count) == Array(repeating: 0, count: 8) + [64, 64])
        #expect(cache.pages[1].allSatisfy { $0.count == 64 })
        #expect(cache.byteCount == 12 * 64 * 4)
    }

    /// Work is cut by the shapes alone.
    @Test func bitsDoNotDependOnThreads() throws {
        let tiny = try TinyModel(.deepSeekV3), model = try tiny.load(), sequences = [tiny.tokens(40), tiny.tokens(13)]
        let one = try Parallel.$threads.withValue(1) { try model.hidden(sequences) }
        let three = try Parallel.$threads.withValue(3) { try model.hidden(sequences) }
        #expect(one == three)
    }
}
