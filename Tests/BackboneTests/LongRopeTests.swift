import Foundation
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Under longrope a text that outgrows the original context turns all of its positions otherwise.
@Suite struct LongRopeTests {
    private func scaling(_ changes: [String: Any] = [:]) -> [String: Any] {
        let usual: [String: Any] = [
            "rope_type": "longrope", "short_factor": [1, 1.1, 1.3, 1.5], "long_factor": [1.2, 2, 3, 4.5],
        ]
        return ["rope_scaling": usual.merging(changes) { $1 }.filter { !($1 is NSNull) }]
    }

    private func read(_ changes: [String: Any] = [:], file: [String: Any] = [:]) throws -> ModelConfiguration {
        try TinyModel(.phi3WithLongRope, scaling(changes).merging(file) { $1 }).loadConfiguration()
    }

    @Test func eachPairHasItsOwnFactor() throws {
        let rope = try read().rope
        let short = RotaryEmbedding(rope, size: 8), long = RotaryEmbedding(rope, size: 8, isLong: true)
        for (pair, factors) in zip([1, 1.1, 1.3, 1.5], [1.2, 2, 3, 4.5]).enumerated() {
            let plain = pow(10_000, -Double(pair) / 4)
            #expect(abs(Double(short.frequencies[pair]) - plain / factors.0) < 1e-7)
            #expect(abs(Double(long.frequencies[pair]) - plain / factors.1) < 1e-7)
        }
        // From 72 positions to 128, for texts of either length.
        let magnitude = (1 + log(128.0 / 72) / log(72.0)).squareRoot()
        #expect(abs(Double(short.magnitude) - magnitude) < 1e-6 && long.magnitude == short.magnitude)
    }

    @Test func theFilesFactorsGoFirst() throws {
        func magnitude(_ changes: [String: Any]) throws -> Float {
            RotaryEmbedding(try read(changes).rope, size: 8).magnitude
        }
        #expect(abs(Double(try magnitude(["factor": 4.0])) - (1 + log(4.0) / log(72.0)).squareRoot()) < 1e-6)
        #expect(try magnitude(["factor": 0.5]) == 1)
        #expect(try magnitude(["attention_factor": 1.25, "factor": 4.0]) == 1.25)
        // Phi-3's first files say su or yarn.
        for name in ["su", "yarn"] { #expect(try read(["rope_type": name]).rope == read().rope) }
    }

    @Test func whatIsMissingOrOfTheWrongLengthIsNamed() throws {
        func ending(_ changes: [String: Any], file: [String: Any] = [:]) -> String {
            let error = #expect(throws: ModelError.self) { try read(changes, file: file) }
            return String("\(error?.description ?? "")".split(separator: "config.json: ", maxSplits: 1).last ?? "")
        }
        #expect(
            ending(["long_factor": [1, 2, 3]])
                == "found a list of 3 for 'rope_scaling.long_factor', expected 4 numbers above 0, one for each "
                + "pair that rope turns")
        #expect(ending(["short_factor": [1, 2, 0, 4]]).hasPrefix("found a list of 4 for 'rope_scaling.short_factor'"))
        #expect(ending(["short_factor": NSNull()]).hasPrefix("found nothing for 'rope_scaling.short_factor'"))
        #expect(
            ending([:], file: ["original_max_position_embeddings": NSNull()])
                == "found nothing for 'rope_scaling.original_max_position_embeddings', expected a whole number "
                + "from 2 to 2147483647")
    }

    @Test func theThresholdIsTheOriginalContext() throws {
        #expect(try read().longRopeThreshold == 72)
        #expect(try read(file: ["original_max_position_embeddings": 128]).longRopeThreshold == nil)
        #expect(try TinyModel(.phi3).loadConfiguration().longRopeThreshold == nil)
        let warnings = try TinyModel(.phi3WithLongRope).load().warnings
        #expect(warnings.count == 1 && warnings[0].contains("a text of more than 72 tokens"))
        #expect(try TinyModel(.phi3).load().warnings.isEmpty)
    }

    /// Both ways of loading: slices of a tiny model, and passes of a large one.
    @Test(arguments: [true, false])
    func stepsAcrossTheThresholdEqualTheWholeText(isTiny: Bool) throws {
        let tiny = try TinyModel(.phi3WithLongRope), model = try isTiny ? tiny.load() : tiny.loadAsLarge()
        #expect(model.isTiny == isTiny)
        let text = tiny.tokens(90), other = tiny.tokens(40, seed: 5)
        let whole = try model.hidden([text]), within = try model.hidden([Array(text.prefix(72))])
        // The two differ, or this test would hold nothing.
        #expect(largestDifference(whole.selecting(rows: Array(0..<72)), within).difference > 0.01)

        let cache = model.makeCache(pageSize: 8), neighbour = model.makeCache(pageSize: 8)
        var rows = try model.advance([(cache, Array(text.prefix(70))), (neighbour, Array(other.prefix(10)))])
        #expect(
            largestDifference(rows.selecting(rows: Array(0..<70)), within.selecting(rows: Array(0..<70))).difference
                <= 1e-4)
        let fork = cache.fork()
        for (step, token) in text[70...].enumerated() {
            rows = try model.advance([(cache, [token]), (neighbour, [other[10 + step]])])
            let wanted = step < 2 ? within : whole
            #expect(
                largestDifference(rows.selecting(rows: [0]), wanted.selecting(rows: [70 + step])).difference <= 1e-4,
                "step \(step)")
        }
        #expect(cache.count == 90 && neighbour.count == 30)
        // The neighbour stays short, and so does a fork that was made before.
        let short = try model.hidden([Array(other.prefix(30))])
        #expect(largestDifference(rows.selecting(rows: [1]), short.selecting(rows: [29])).difference <= 1e-4)
        let forked = try model.advance([(fork, Array(text[70..<72]))])
        #expect(largestDifference(forked, within.selecting(rows: [70, 71])).difference <= 1e-4)
        // A fork that crosses by several tokens at once.
        let late = try model.advance([(fork, Array(text[72...]))])
        #expect(largestDifference(late, whole.selecting(rows: Array(72..<90))).difference <= 1e-4)
    }
}
