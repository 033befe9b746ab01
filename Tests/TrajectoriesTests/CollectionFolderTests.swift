import Files
import Foundation
import Testing
@testable import Trajectories

/// A run that is ended at any moment and started again leaves the same bytes as one that was not.
@Suite struct CollectionFolderTests {
    private let tiny: TinyModel
    private let sampler: RejectSampler
    private let fingerprint: Fingerprint
    /// What an uninterrupted run leaves.
    private let wanted: [String: Data]
    private static let block = 2, blocks = 4

    init() throws {
        tiny = try TinyModel()
        sampler = try tiny.sampler(keepsRejected: true)
        var fingerprint = Fingerprint()
        fingerprint.add("seed", 3)
        self.fingerprint = fingerprint
        let folder = try TemporaryFolder()
        try Self.collect(sampler, in: folder, fingerprint)
        wanted = try folder.files(below: "run")
    }

    private struct Killed: Error {}

    /// What the command does. Stops before it writes a block or joins where `survives` says so.
    private static func collect(
        _ sampler: RejectSampler, in folder: TemporaryFolder, _ fingerprint: Fingerprint,
        survives: (Int) -> Bool = { _ in true }
    ) throws {
        var run = try CollectionFolder(folder.url.appendingPathComponent("run"), fingerprint: fingerprint)
        guard run.counts == nil else { return }
        for number in 0..<blocks where !run.hasPart(number) {
            let result = try sampler.sample(number * block..<min(number * block + block, sampler.problems.count))
            guard survives(number) else { throw Killed() }
            try run.writePart(number, result)
        }
        guard survives(blocks) else { throw Killed() }
        try run.join(parts: blocks)
    }

    @Test func anUninterruptedRunHoldsAllProblemsAndNoParts() throws {
        #expect(Set(wanted.keys) == ["collect.json", "trajectories.jsonl"])
        #expect(try wanted["trajectories.jsonl"] == sampler.sample(0..<7).lines)
        let folder = try TemporaryFolder()
        try Self.collect(sampler, in: folder, fingerprint)
        let run = try CollectionFolder(folder.url.appendingPathComponent("run"), fingerprint: fingerprint)
        #expect(try run.counts == sampler.sample(0..<7).counts)
    }

    @Test(arguments: 0...4)
    func aRunThatIsEndedAfterSomeBlocksGoesOnToTheSameBytes(_ last: Int) throws {
        let folder = try TemporaryFolder()
        #expect(throws: Killed.self) { try Self.collect(sampler, in: folder, fingerprint) { $0 < last } }
        let parts = try folder.files(below: "run").keys.filter { $0.hasSuffix(".jsonl") }.count
        #expect(parts == last)
        // What a killed process leaves of files it was writing.
        _ = try folder.write("run/.trajectories.jsonl.123-0.partial", "half")
        if last > 0 { _ = try folder.write("run/parts/.00003.jsonl.123-0.partial", "half") }
        try Self.collect(sampler, in: folder, fingerprint)
        #expect(try folder.files(below: "run") == wanted)
    }

    @Test func finishedBlocksAreNotSampledAgain() throws {
        let folder = try TemporaryFolder()
        #expect(throws: Killed.self) { try Self.collect(sampler, in: folder, fingerprint) { $0 < 3 } }
        var sampled: [Int] = []
        try Self.collect(sampler, in: folder, fingerprint) {
            sampled.append($0)
            return true
        }
        #expect(sampled == [3, 4])
        sampled = []
        try Self.collect(sampler, in: folder, fingerprint) {
            sampled.append($0)
            return true
        }
        #expect(sampled.isEmpty, "a finished run does nothing")
    }

    /// Ended between the manifest's counts, the trajectories and the removal of the parts.
    @Test func aRunThatIsEndedWhileItJoinsGoesOnToTheSameBytes() throws {
        for state in ["counts written", "trajectories written", "a part removed"] {
            let folder = try TemporaryFolder()
            #expect(throws: Killed.self) { try Self.collect(sampler, in: folder, fingerprint) { $0 < 4 } }
            try wanted["collect.json"]?.write(to: folder.url.appendingPathComponent("run/collect.json"))
            if state != "counts written" {
                try wanted["trajectories.jsonl"]?.write(to: folder.url.appendingPathComponent("run/trajectories.jsonl"))
            }
            if state == "a part removed" {
                try FileManager.default.removeItem(atPath: folder.path("run/parts/00001.jsonl"))
            }
            try Self.collect(sampler, in: folder, fingerprint)
            #expect(try folder.files(below: "run") == wanted, "\(state)")
        }
    }

    // MARK: Refusals

    private func message(_ folder: TemporaryFolder, _ fingerprint: Fingerprint) -> String {
        let error = #expect(throws: FolderError.self) { try Self.collect(sampler, in: folder, fingerprint) }
        return error?.description.replacingOccurrences(of: folder.url.path, with: "") ?? ""
    }

    @Test func anotherRunsFolderIsRefusedWithTheDifference() throws {
        let folder = try TemporaryFolder()
        #expect(throws: Killed.self) { try Self.collect(sampler, in: folder, fingerprint) { $0 < 1 } }
        let before = try folder.files()
        var other = fingerprint
        other.add("seed", 4)
        #expect(
            message(folder, other)
                == "/run: holds another run: seed was 3 there and is 4 now; remove the folder or give another")
        other = fingerprint
        other.add("batch", 8)
        #expect(message(folder, other).contains("batch was absent there and is 8 now"))
        #expect(try folder.files() == before)
    }

    @Test func filesOfNobodyAndDamagedOnesAreRefused() throws {
        var folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("run"), withIntermediateDirectories: true)
        _ = try folder.write("run/trajectories.jsonl", "{}")
        #expect(
            message(folder, fingerprint).hasPrefix(
                "/run/trajectories.jsonl: is there without the collect.json of its run"))

        folder = try TemporaryFolder()
        #expect(throws: Killed.self) { try Self.collect(sampler, in: folder, fingerprint) { $0 < 4 } }
        _ = try folder.write("run/parts/00002.jsonl", "rubbish")
        #expect(message(folder, fingerprint).hasPrefix("/run/parts/00002.jsonl: cannot be read as a finished block"))
        _ = try folder.write("run/collect.json", "rubbish")
        #expect(message(folder, fingerprint).hasPrefix("/run/collect.json: cannot be read as the description of a run"))

        folder = try TemporaryFolder()
        _ = try folder.write("run", "a file")
        #expect(message(folder, fingerprint).hasPrefix("/run: cannot be made or read"))
    }

    // MARK: Fingerprints

    @Test func fingerprintsFollowContent() throws {
        let folder = try TemporaryFolder()
        func fingerprint() throws -> Fingerprint {
            var result = Fingerprint()
            try result.add("problems", contentOf: folder.path("p.jsonl"))
            try result.add("model", model: tiny.folder.url.path)
            return result
        }
        _ = try folder.write("p.jsonl", "one")
        let first = try fingerprint()
        #expect(try fingerprint() == first)
        #expect(first.entries["problems"] == "3 bytes 7a6c86f1", "zlib's crc32(b'one')")
        #expect(
            first.entries.keys.sorted() == [
                "model/config.json", "model/model.safetensors", "model/tokenizer.json", "model/tokenizer_config.json",
                "problems",
            ])
        _ = try folder.write("p.jsonl", "two")
        #expect(try fingerprint().difference(from: first)?.hasPrefix("problems was 3 bytes 7a6c86f1 there") == true)
        #expect(throws: FingerprintError.self) {
            var result = Fingerprint()
            try result.add("problems", contentOf: folder.path("none"))
        }
    }
}
