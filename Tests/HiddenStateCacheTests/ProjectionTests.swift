import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Scoring
import Tensor
import Testing

@Suite struct ProjectionTests {
    static let corpus = Corpus(lengths: [300, 200, 77, 150])

    private func components(_ states: [Tensor<Float>]) -> PrincipalComponents {
        var components = PrincipalComponents(hiddenSize: states[0].columns)
        for states in states { components.add(states) }
        return components
    }

    /// States with standard deviations 5, 3, 1, 0.1 along known orthonormal directions, far from the origin.
    @Test func componentsAreTheDirectionsOfLargestVariance() throws {
        var random = RandomGenerator(seed: 4)
        let spread = [5.0, 3, 1, 0.1], half = 0.5
        let directions = [
            [half, half, half, half], [half, -half, half, -half], [half, half, -half, -half],
            [half, -half, -half, half],
        ]
        var states = Tensor<Float>(shape: [20_000, 4])
        for row in 0..<states.rows {
            let z = spread.map { $0 * random.normal() }
            for i in 0..<4 { states[row, i] = Float(100 + (0..<4).reduce(0) { $0 + z[$1] * directions[$1][i] }) }
        }
        let projection = try components([states]).projection(rank: 3)
        for component in 0..<3 {
            let cosine = (0..<4).reduce(0.0) {
                $0 + Double(projection.components[component, $1]) * directions[component][$1]
            }
            #expect(abs(cosine) > 0.999)
        }
        #expect((0..<4).allSatisfy { abs(projection.mean[$0] - 100) < 0.2 })
        let z = projection.project(states),
            deviations = (0..<3).map { c in
                ((0..<z.rows).reduce(0.0) { $0 + Double(z[$1, c]) * Double(z[$1, c]) } / Double(z.rows)).squareRoot()
            }
        #expect(zip(deviations, spread).allSatisfy { abs($0 - $1) < 0.1 })
    }

    @Test func componentsAreOrthonormalAndTheirLargestNumberIsPositive() throws {
        let projection = try components(Self.corpus.hidden).projection(rank: Corpus.D), C = projection.components
        let identity = Tensor<Float>(shape: [12, 12], (0..<144).map { $0 % 13 == 0 ? 1 : 0 })
        #expect(difference(Tensor.product(C.matrix, C.matrix.transposed), identity) < 1e-6)
        for row in 0..<12 {
            let numbers = (0..<12).map { C[row, $0] }
            #expect(numbers.max { abs($0) < abs($1) } ?? 0 > 0)
        }
    }

    @Test func piecesAndThreadsDoNotMatter() throws {
        let corpus = Self.corpus
        let whole = try components([corpus.allHidden]).projection(rank: 5)
        #expect(try components(corpus.hidden).projection(rank: 5) == whole)
        #expect(try Parallel.$threads.withValue(1) { try components(corpus.hidden).projection(rank: 5) } == whole)
    }

    @Test func ranksOutOfRangeAreRefused() {
        let some = components(Self.corpus.hidden)
        #expect(
            message { _ = try some.projection(rank: 13) }?.contains("rank is 13, expected a whole number from 1 to 12")
                == true)
        #expect(
            message { _ = try some.projection(rank: 0) }?.contains("rank is 0, expected a whole number from 1 to 12")
                == true)
        #expect(
            message { _ = try PrincipalComponents(hiddenSize: 4).projection(rank: 2) }?.contains(
                "there are no hidden states") == true)
    }

    @Test func aProjectedCacheHoldsProjectedStates() throws {
        let corpus = Self.corpus, projection = try components(corpus.hidden).projection(rank: 5)
        let folder = try corpus.cache(corpus.description(8, 8, .f32, rank: 5), projection: projection)
        let cache = try HiddenStateCache(folder: folder.url), batch = try cache.batch(of: cache.trajectories)
        #expect(cache.projection == projection && cache.description.storedSize == 5)
        #expect(difference(batch.hidden, projection.project(corpus.allHidden)) < 1e-6)
        // The sketches are those of the whole states' logits.
        let whole = try corpus.cache(corpus.description(8, 8)), plain = try HiddenStateCache(folder: whole.url)
        #expect(plain.description.rank == nil && plain.projection == nil)
        #expect(try plain.batch(of: plain.trajectories).sketches.baseProbabilities == batch.sketches.baseProbabilities)
    }

    @Test func anInterruptedRunFindsItsProjection() throws {
        let corpus = Self.corpus, projection = try components(corpus.hidden).projection(rank: 5),
            folder = TemporaryFolder()
        let description = try corpus.description(8, 8, .bf16, rank: 5)
        #expect(try Projection.existing(in: folder.url, description, fingerprint: "corpus") == nil)
        let writer = try corpus.writer(folder, description, projection: projection)
        try corpus.write(writer.plan.shards[0], with: writer)
        #expect(try Projection.existing(in: folder.url, description, fingerprint: "corpus") == projection)
        #expect(
            message { _ = try Projection.existing(in: folder.url, description, fingerprint: "x") }?.contains(
                "projection.safetensors: belongs to another cache") == true)
        #expect(
            message { _ = try corpus.writer(folder, corpus.description(8, 8, .bf16, rank: 4), projection: projection) }?
                .contains("expected onto 4 of 12") == true)
        #expect(message { _ = try corpus.writer(folder, description) }?.contains("found a projection none") == true)
    }

    /// At r = D nothing is lost: heads W on h and heads W·Cᵀ on z are the same function.
    @Test func atFullRankPredictionsAreTheSameWithAndWithoutProjection() throws {
        try compareAtFullRank(as: Float.self)
        try compareAtFullRank(as: Double.self)
    }

    private func compareAtFullRank<Element: Scalar>(as type: Element.Type) throws {
        let corpus = Self.corpus, projection = try components(corpus.hidden).projection(rank: Corpus.D)
        let logits = try LogitSketches(
            logits: corpus.logits(corpus.allHidden).converted(to: Element.self), labels: corpus.allLabels)
        let h: Tensor<Element> = corpus.allHidden.converted(), z = projection.project(h)
        let full = randomHeads(Corpus.D, as: Element.self), C = projection.components.converted(to: Element.self)
        func turned(_ head: HeadParameters<Tensor<Element>>) -> HeadParameters<Tensor<Element>> {
            var head = head
            let states = head.firstWeight.matrix[columns: 0..<Corpus.D]
            let shift = Tensor<Element>.product(states, projection.mean.converted(to: Element.self).matrix.transposed)
            let rotated = Tensor<Element>.product(states, C.matrix.transposed)
            for row in 0..<rotated.rows {
                head.firstBias[row] = head.firstBias[row] + shift[row]
                for column in 0..<Corpus.D { head.firstWeight[row, column] = rotated[row, column] }
            }
            return head
        }
        var reduced = full
        reduced.parameters = HeadsParameters(
            temperature: full.parameters.temperature.map(turned), topP: full.parameters.topP.map(turned))
        let expected = full.predict(hidden: h, logits: logits), got = reduced.predict(hidden: z, logits: logits)
        #expect(difference(got.temperature, expected.temperature) < 1e-4 && difference(got.topP, expected.topP) < 1e-4)
        let exported = reduced.unprojected(by: projection).predict(hidden: h, logits: logits)
        #expect(
            difference(exported.temperature, expected.temperature) < 1e-4
                && difference(exported.topP, expected.topP) < 1e-4)
        // The heads are not constant.
        #expect(Set(expected.temperature.elements).count > 100)
    }

    @Test(arguments: [HeadSelection.both, .temperature, .topP], [1, 5, 12])
    func exportedHeadsPredictFromTheFullStateWhatProjectedOnesDo(selection: HeadSelection, rank: Int) throws {
        let corpus = Self.corpus, projection = try components(corpus.hidden).projection(rank: rank)
        var random = RandomGenerator(seed: 9)
        let heads = AutoDecoHeads<Double>(
            configuration: HeadsConfiguration(hiddenSize: rank, heads: selection), random: &random)
        let exported = heads.unprojected(by: projection)
        #expect(exported.configuration == HeadsConfiguration(hiddenSize: Corpus.D, heads: selection))
        let logits = try LogitSketches(
            logits: corpus.logits(corpus.allHidden).converted(to: Double.self), labels: corpus.allLabels)
        let h: Tensor<Double> = corpus.allHidden.converted()
        let a = heads.predict(hidden: projection.project(h), logits: logits),
            b = exported.predict(hidden: h, logits: logits)
        #expect(difference(a.temperature, b.temperature) < 1e-12 && difference(a.topP, b.topP) < 1e-12)
    }
}
