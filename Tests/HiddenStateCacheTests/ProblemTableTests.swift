import Foundation
import Safetensors
import Testing

@testable import HiddenStateCache

/// What a cache knows of the problems that its trajectories belong to.
@Suite struct ProblemTableTests {
    private static let corpus = Corpus(lengths: [3, 0, 5, 2, 4, 6])

    private func cache(_ problems: [Int32]?) throws -> TemporaryFolder {
        try Self.corpus.cache(Self.corpus.description(8, 8), problems: problems)
    }

    @Test func trajectoriesWithoutAProblemCountAsOneEach() throws {
        let known = try cache([0, 0, 0, -1, -1, 1]), unknown = try cache(nil)
        #expect(try HiddenStateCache(folder: known.url).problemCount == 4)
        let cache = try HiddenStateCache(folder: unknown.url)
        #expect(cache.problems == nil && cache.problemCount == nil)
        #expect(cache.heldOut(cache.trajectories, by: TrajectorySplit(validationFraction: 0.4, seed: 1)).count == 2)
    }

    @Test func problemsTellOneCacheFromAnother() throws {
        let folders = try [nil, [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 2]].map(cache)
        let fingerprints = try folders.map { try HiddenStateCache(folder: $0.url).fingerprint() }
        #expect(Set(fingerprints).count == 3)
        // Of a cache that does not know them it is what it has always been.
        #expect(!fingerprints[0].contains(" ") && fingerprints[1].hasPrefix(fingerprints[0] + " "))
        withExtendedLifetime(folders) {}
    }

    @Test func aTableThatDoesNotFitTheTrajectoriesIsRefused() throws {
        let folder = try cache([0, 0, 0, 1, 1, 1]), path = folder.url.appendingPathComponent(TrajectoryTable.name).path
        func opened() -> String? { message { _ = try HiddenStateCache(folder: folder.url) } }
        #expect(opened() == nil)
        try SafetensorsWriter.write([NewTensor("problem", [5], [Int32](repeating: 0, count: 5), as: .i32)], to: path)
        #expect(opened()?.contains("has 5 rows, expected one for each line of the trajectory file, at least 6") == true)
        try SafetensorsWriter.write([NewTensor("problem", [6], [Float](repeating: 0, count: 6))], to: path)
        #expect(opened()?.contains("problem") == true)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect(opened()?.contains(TrajectoryTable.name) == true)
    }

    @Test func partsOfACacheAgreeOnTheirProblems() throws {
        func part(_ rank: Int, _ problems: [Int32]?) throws -> TemporaryFolder {
            let folder = TemporaryFolder(), corpus = Self.corpus.part { $0 % 2 == rank }
            let writer = try corpus.writer(folder, corpus.description(8, 8))
            try corpus.write(with: writer, problems: problems)
            return folder
        }
        func merged(_ parts: [TemporaryFolder], into folder: TemporaryFolder) -> String? {
            withExtendedLifetime(parts) { message { try HiddenStateCache.merge(parts.map(\.url), into: folder.url) } }
        }
        let problems: [Int32] = [0, 0, 1, 1, 2, -1], folder = TemporaryFolder(), other = TemporaryFolder()
        #expect(merged([try part(0, problems), try part(1, problems)], into: folder) == nil)
        #expect(try HiddenStateCache(folder: folder.url).problems == problems)
        let difference = merged([try part(0, problems), try part(1, nil)], into: other)
        #expect(difference?.contains("expected the same problems") == true)
    }
}
