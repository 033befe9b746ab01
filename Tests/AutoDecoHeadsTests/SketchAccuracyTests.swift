import Foundation
import Tensor
import Testing

@testable import AutoDecoHeads

/// Sketches held against exact losses in Double at a real vocabulary.
@Suite(.enabled(if: isOptimised, "needs an optimised build: make test")) struct SketchAccuracyTests {
    static let V = 151_936

    struct Errors: Sendable {
        var joint = Worst(), jointInFloat = Worst(), features = Worst(), featuresInFloat = Worst(), gradient = Worst()

        mutating func merge(_ other: Errors) {
            for path in [\Errors.joint, \.jointInFloat, \.features, \.featuresInFloat, \.gradient] where other[keyPath: path].error > self[keyPath: path].error {
                self[keyPath: path] = other[keyPath: path]
            }
        }
    }

    /// Largest errors over `count` seeded rows of one kind, at `points` random (T, P) each.
    static func errors(_ kind: RandomRows.Kind, count: Int, points: Int, vocabulary: Int = V, shape: SketchShape = .standard) throws -> Errors {
        nonisolated(unsafe) let results = UnsafeMutableBufferPointer<Result<Errors, any Error>>.allocate(capacity: count)
        results.initialize(repeating: .success(Errors()))
        defer { results.deinitialize().deallocate() }
        Parallel.forEachBlock(of: count, blockSize: 1) { block in
            let index = block.lowerBound
            results[index] = Result { try Parallel.$threads.withValue(1) { try errors(kind, row: index, points, vocabulary, shape) } }
        }
        return try results.reduce(into: Errors()) { $0.merge(try $1.get()) }
    }

    private static func errors(_ kind: RandomRows.Kind, row index: Int, _ points: Int, _ V: Int, _ shape: SketchShape) throws -> Errors {
        var random = RandomGenerator(seed: 30, stream: UInt64(index)), errors = Errors()
        let row = RandomRows.row(kind, V, &random).map { Double(Float($0)) }, label = RandomRows.label(row, &random)
        let exact = try SortedRows(logits: Tensor<Double>(shape: [1, V], row), labels: [label])
        let double = try LogitSketches(logits: Tensor<Double>(shape: [1, V], row), labels: [label], shape: shape)
        let float = try LogitSketches(logits: Tensor<Float>(shape: [1, V], row.map { Float($0) }), labels: [label], shape: shape)
        for point in 0..<points {
            // Every fourth point in a corner of the range.
            let corner = point % 4 == 3
            let T = Double(Float(corner ? (random.uniform() < 0.5 ? 0.05 : 2) : random.uniform(in: 0.05..<2)))
            let P = Double(Float(corner ? (random.uniform() < 0.5 ? 0.01 : 0.999) : random.uniform(in: 0.01..<0.999)))
            let expected = FusedLossesTests.fused(exact, T, P), place = "\(kind) row \(index), T=\(T), P=\(P), rank \(exact.labelRanks[0]):"
            let got = FusedLossesTests.fused(double, T, P), inFloat = FusedLossesTests.fused(float, T, P)
            errors.joint.note(got.values[5], expected.values[5], place)
            errors.jointInFloat.note(inFloat.values[5], expected.values[5], place)
            for i in [6, 7] { errors.gradient.note(got.values[i], expected.values[i], place) }
            for i in 0..<4 {
                errors.features.note(got.features[i], expected.features[i], "\(place) feature \(i)")
                errors.featuresInFloat.note(inFloat.features[i], expected.features[i], "\(place) feature \(i)")
            }
        }
        return errors
    }

    static func report(_ title: String, _ errors: Errors) {
        func line(_ name: String, _ worst: Worst) -> String { "  \(name) \(String(format: "%.1e", worst.error))  \(worst.place)\n" }
        print(
            "\(title)\n" + line("joint loss in Double ", errors.joint) + line("joint loss in Float  ", errors.jointInFloat)
                + line("features in Double   ", errors.features) + line("features in Float    ", errors.featuresInFloat)
                + line("gradient in Double   ", errors.gradient))
    }

    @Test func sketchIsWithinOneInAHundredThousandOnAThousandRows() throws {
        let errors = try Self.errors(.bulk, count: 1000, points: 2)
        Self.report("sketch against exact, 1,000 rows of a normal bulk with raised tokens", errors)
        for worst in [errors.joint, errors.jointInFloat, errors.features, errors.featuresInFloat] {
            #expect(worst.error <= 1e-5, "\(worst.place)")
        }
    }

    @Test(arguments: [RandomRows.Kind.bulkWithOutlier, .bulkWithPadding, .twoHumps, .heavyTail, .flat, .equal, .tied, .shelf, .zipf])
    func sketchIsWithinOneInTenThousandOnOddRows(kind: RandomRows.Kind) throws {
        let errors = try Self.errors(kind, count: 24, points: 12)
        Self.report("sketch against exact, \(kind)", errors)
        for worst in [errors.joint, errors.jointInFloat, errors.features, errors.featuresInFloat] {
            #expect(worst.error <= 1e-4, "\(worst.place)")
        }
    }
}
