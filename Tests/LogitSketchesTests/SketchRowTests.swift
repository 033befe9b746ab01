import Foundation
import Tensor
import Testing
@testable import LogitSketches

@Suite struct SketchRowTests {
    static let V = 300
    static let shapes = [SketchShape(exact: 512, bins: 8), SketchShape(exact: 24, bins: 64)]

    private struct Rows {
        let logits: Tensor<Double>
        let labels: [Int]
        let sketches: LogitSketches<Double>

        init(_ shape: SketchShape, count: Int = 40) throws {
            var random = RandomGenerator(seed: 3)
            logits = Tensor(shape: [count, V], (0..<count * V).map { _ in 2.5 * random.normal() })
            // Labels of all ranks, likely ones and such as lie in a bin.
            labels = (0..<count).map { [logits] row in
                let order = (0..<V).sorted { logits[row, $0] > logits[row, $1] }
                return order[row % 3 == 0 ? row % 5 : Int(random.next() % UInt64(V))]
            }
            sketches = try LogitSketches(logits: logits, labels: labels, shape: shape)
        }

        func row(_ token: Int) -> SketchRow {
            var row = SketchRow()
            sketches.read(token, into: &row)
            return row
        }

        /// p in descending order at β, and the label's rank.
        func sorted(_ token: Int, _ β: Double) -> (p: [Double], rank: Int) {
            let order = (0..<V).sorted { (logits[token, $0], $1) > (logits[token, $1], $0) }
            let e = order.map { exp(β * (logits[token, $0] - logits[token, order[0]])) }, total = e.reduce(0, +)
            return (e.map { $0 / total }, order.firstIndex(of: labels[token]) ?? -1)
        }
    }

    @Test(arguments: shapes) func responseAgreesWithTheTemperatureLossAndItsDerivative(shape: SketchShape) throws {
        let rows = try Rows(shape)
        for T in [0.3, 0.8, 1, 1.7] {
            let one = Tensor<Double>(shape: [rows.labels.count, 1], repeating: 1)
            let losses = rows.sketches.losses(temperature: one * T, topP: one, constants: LossConstants())
            for token in rows.labels.indices {
                let response = rows.row(token).response(at: 1 / T)
                // dβ/dT = −β².
                #expect(
                    abs(-response.logProbability - losses.temperature[token]) < 1e-11 * (1 + losses.temperature[token]))
                #expect(
                    abs(response.slope / (T * T) - losses.temperatureByTemperature[token]) < 1e-10
                        * (1 + abs(response.slope)))
            }
        }
    }

    @Test(arguments: shapes) func slopeAndVarianceAreTheDerivativesOfTheLogProbability(shape: SketchShape) throws {
        let rows = try Rows(shape)
        for token in rows.labels.indices {
            let row = rows.row(token), β = 0.4 + 0.05 * Double(token), h = 1e-4
            let here = row.response(at: β), above = row.response(at: β + h), below = row.response(at: β - h)
            #expect(abs((above.logProbability - below.logProbability) / (2 * h) - here.slope) < 1e-6)
            #expect(abs((below.slope - above.slope) / (2 * h) - here.variance) < 1e-6)
        }
    }

    @Test func entropyIsThatOfTheDistribution() throws {
        let rows = try Rows(Self.shapes[0])
        for token in rows.labels.indices {
            for β in [0.5, 1, 3] {
                let direct = rows.sorted(token, β).p.reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) }
                #expect(abs(rows.row(token).response(at: β).entropy - direct) < 1e-10)
            }
        }
    }

    @Test(arguments: shapes) func theBestTemperatureBeatsAFineGrid(shape: SketchShape) throws {
        let rows = try Rows(shape)
        var inside = 0
        for token in rows.labels.indices {
            let row = rows.row(token), best = row.bestResponse(in: 0.05...20)
            let grid = (0...400).map { row.response(at: 0.05 * pow(400, Double($0) / 400)).logProbability }
            #expect(best.logProbability >= (grid.max() ?? 0) - 1e-12)
            if best.inverseTemperature > 0.05 && best.inverseTemperature < 20 {
                inside += 1
                #expect(abs(best.slope) < 1e-6)
            }
        }
        #expect(inside > 5)
    }

    @Test func anArgMaxWantsTheLowestTemperature() throws {
        let sketches = try LogitSketches(logits: Tensor<Double>(shape: [1, 5], [0, 1, 2, 3, 4]), labels: [4])
        var row = SketchRow()
        sketches.read(0, into: &row)
        #expect(row.bestResponse(in: 0.5...20).inverseTemperature == 20)
    }

    @Test func theNucleusIsThatOfAllLogits() throws {
        let rows = try Rows(Self.shapes[0])
        var cutOff = 0
        for token in rows.labels.indices {
            for (β, P) in [(1.0, 0.9), (0.6, 0.5), (1.5, 0.99), (1, 0), (1, 1)] {
                let (p, rank) = rows.sorted(token, β), (keepsLabel, mass) = rows.row(token).nucleus(at: β, topP: P)
                var kept = 0, sum = 0.0
                while kept < p.count, kept == 0 || P >= 1 || sum < P {
                    sum += p[kept]
                    kept += 1
                }
                #expect(keepsLabel == (rank < kept))
                #expect(abs(mass - sum) < 1e-10)
                cutOff += keepsLabel ? 0 : 1
            }
        }
        #expect(cutOff > 20)
    }

    @Test func theNucleusOfASketchIsNearlyThatOfAllLogits() throws {
        let exact = try Rows(Self.shapes[0]), sketched = try Rows(Self.shapes[1])
        for token in exact.labels.indices {
            for (β, P) in [(0.3, 0.9), (0.5, 0.97), (0.2, 0.6)] {
                let a = exact.row(token).nucleus(at: β, topP: P), b = sketched.row(token).nucleus(at: β, topP: P)
                #expect(a.keepsLabel == b.keepsLabel)
                // The cut may fall one token earlier or later, of those in the tail.
                #expect(abs(a.mass - b.mass) < exact.sorted(token, β).p[Self.shapes[1].exact])
            }
        }
    }
}
