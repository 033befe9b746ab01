import Foundation
import Tensor
import TestSupport
import Testing
@testable import LogitSketches

/// Sketches held against exact losses in Double at a real vocabulary.
@Suite(.enabled(if: isOptimised, "needs an optimised build: make test")) struct SketchAccuracyTests {
    static let V = 151_936

    struct Errors: Sendable {
        var joint = Worst(), jointInFloat = Worst(), features = Worst(), featuresInFloat = Worst(), gradient = Worst()
        /// The sketch's gradient against central differences of the sketched loss.
        var differences = Worst()

        mutating func merge(_ other: Errors) {
            for path in [\Errors.joint, \.jointInFloat, \.features, \.featuresInFloat, \.gradient, \.differences]
            where other[keyPath: path].error > self[keyPath: path].error {
                self[keyPath: path] = other[keyPath: path]
            }
        }
    }

    /// Largest errors over `count` seeded rows of one kind, at `points` random (T, P) each.
    static func errors(
        _ kind: RandomRows.Kind, count: Int, points: Int, vocabulary: Int = V, shape: SketchShape = .standard
    ) throws -> Errors {
        nonisolated(unsafe) let results = UnsafeMutableBufferPointer<Result<Errors, any Error>>.allocate(
            capacity: count)
        results.initialize(repeating: .success(Errors()))
        defer { results.deinitialize().deallocate() }
        Parallel.forEachBlock(of: count, blockSize: 1) { block in
            let index = block.lowerBound
            results[index] = Result {
                try Parallel.$threads.withValue(1) { try errors(kind, row: index, points, vocabulary, shape) }
            }
        }
        return try results.reduce(into: Errors()) { $0.merge(try $1.get()) }
    }

    private static func errors(
        _ kind: RandomRows.Kind, row index: Int, _ points: Int, _ V: Int, _ shape: SketchShape
    ) throws -> Errors {
        var random = RandomGenerator(seed: 30, stream: UInt64(index)), errors = Errors()
        let row = RandomRows.row(kind, V, &random).map { Double(Float($0)) }, label = RandomRows.label(row, &random)
        let exact = try SortedRows(logits: Tensor<Double>(shape: [1, V], row), labels: [label])
        let double = try LogitSketches(logits: Tensor<Double>(shape: [1, V], row), labels: [label], shape: shape)
        let float = try LogitSketches(
            logits: Tensor<Float>(shape: [1, V], row.map { Float($0) }), labels: [label], shape: shape)
        for _ in 0..<points {
            // A quarter of the points lie in a corner of the range.
            let corner = random.uniform() < 0.25
            let T = Double(Float(corner ? (random.uniform() < 0.5 ? 0.05 : 2) : random.uniform(in: 0.05..<2)))
            let P = Double(Float(corner ? (random.uniform() < 0.5 ? 0.01 : 0.999) : random.uniform(in: 0.01..<0.999)))
            let expected = fusedValues(exact, T, P),
                place = "\(kind) row \(index), T=\(T), P=\(P), rank \(exact.labelRanks[0]):"
            let got = fusedValues(double, T, P), inFloat = fusedValues(float, T, P)
            errors.joint.note(got.values[5], expected.values[5], place)
            errors.jointInFloat.note(inFloat.values[5], expected.values[5], place)
            for i in [6, 7] { errors.gradient.note(got.values[i], expected.values[i], place) }
            noteDifferences(double, T, P, got.values, place, &errors.differences)
            for i in 0..<4 {
                errors.features.note(got.features[i], expected.features[i], "\(place) feature \(i)")
                errors.featuresInFloat.note(inFloat.features[i], expected.features[i], "\(place) feature \(i)")
            }
        }
        return errors
    }

    /// A difference quotient is the mean of the derivative between its ends, so it may be off by what the derivative
    /// changes there: at a kink, by the size of its jump. That much is taken off; the rest is the error.
    private static func noteDifferences(
        _ sketch: LogitSketches<Double>, _ T: Double, _ P: Double, _ values: [Double], _ place: String,
        _ worst: inout Worst
    ) {
        let h = 1e-6
        for (gradient, ends) in [(6, [(T - h, P), (T + h, P)]), (7, [(T, P - h), (T, P + h)])] {
            let low = fusedValues(sketch, ends[0].0, ends[0].1).values,
                high = fusedValues(sketch, ends[1].0, ends[1].1).values
            let numeric = (high[5] - low[5]) / (2 * h), change = abs(high[gradient] - low[gradient])
            let rest = abs(values[gradient] - numeric) - change, difference = rest.isNaN ? .infinity : max(0, rest)
            worst.note(values[gradient] + difference, values[gradient], "\(place) [\(gradient)] numeric \(numeric)")
        }
    }

    static func report(_ title: String, _ errors: Errors) {
        func line(_ name: String, _ worst: Worst) -> String {
            "  \(name) \(String(format: "%.1e", worst.error))  \(worst.place)\n"
        }
        print(
            "\(title)\n" + line("joint loss in Double ", errors.joint)
                + line("joint loss in Float  ", errors.jointInFloat)
                + line("features in Double   ", errors.features) + line("features in Float    ", errors.featuresInFloat)
                + line("gradient to the exact", errors.gradient) + line("gradient to differences", errors.differences))
    }

    @Test func sketchIsWithinOneInAHundredThousandOnAThousandRows() throws {
        let errors = try Self.errors(.bulk, count: 1000, points: 2)
        Self.report("sketch against exact, 1,000 rows of a normal bulk with raised tokens", errors)
        for worst in [errors.joint, errors.jointInFloat, errors.features, errors.featuresInFloat] {
            #expect(worst.error <= 1e-5, "\(worst.place)")
        }
        #expect(errors.differences.error <= 1e-6, "\(errors.differences.place)")
    }

    @Test(arguments: [
        RandomRows.Kind.bulkWithOutlier, .bulkWithPadding, .twoHumps, .heavyTail, .flat, .equal, .tied, .shelf, .zipf,
    ])
    func sketchIsWithinOneInTenThousandOnOddRows(kind: RandomRows.Kind) throws {
        let errors = try Self.errors(kind, count: 24, points: 12)
        Self.report("sketch against exact, \(kind)", errors)
        for worst in [errors.joint, errors.jointInFloat, errors.features, errors.featuresInFloat] {
            #expect(worst.error <= 1e-4, "\(worst.place)")
        }
        #expect(errors.differences.error <= 1e-6, "\(errors.differences.place)")
    }
}
