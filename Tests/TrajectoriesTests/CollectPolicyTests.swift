import AutoDecoHeads
import Backbone
import Decoding
import Files
import Foundation
import Recipes
import Tensor
import Testing

/// What a configuration's section `collect` samples with.
@Suite struct CollectPolicyTests {
    private let tiny: TinyModel
    private let folder: TemporaryFolder

    init() throws { (tiny, folder) = (try TinyModel(), try TemporaryFolder()) }

    private func collect(_ change: (inout CollectSection) -> Void) -> CollectSection {
        var section = CollectSection()
        change(&section)
        return section
    }

    private func writeHeads(_ name: String, size: Int, seed: UInt64) throws -> String {
        var random = RandomGenerator(seed: seed)
        let url = folder.url.appendingPathComponent(name)
        try AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: size), random: &random).write(
            to: url, origin: HeadsOrigin(baseModel: "tiny"))
        return url.path
    }

    private func name(_ change: (inout CollectSection) -> Void) throws -> String {
        try CollectPolicy(collect(change), model: tiny.model.configuration, modelDigits: "12345678").name
    }

    @Test func policiesAreNamedByTheirKnobsAndTheModel() throws {
        #expect(try name { $0.temperature = 0.7 } == "T = 0.7, P = 1.0 of model 12345678")
        #expect(try name { $0.topP = 0.9 } == "T = 1.0, P = 0.9 of model 12345678")
        #expect(try name { $0.topK = 20 } == "T = 1.0, top-k 20 of model 12345678")
        #expect(try name { $0.minP = 0.1 } == "T = 1.0, min-p 0.1 of model 12345678")
    }

    @Test func headsSampleUnderTheirFilter() throws {
        let path = try writeHeads("a", size: tiny.model.configuration.hiddenSize, seed: 1)
        let section = collect { ($0.heads, $0.filter) = (path, .soft) }
        let policy = try CollectPolicy(section, model: tiny.model.configuration, modelDigits: "m")
        let heads = try #require(policy.policy as? HeadsPolicy)
        #expect(heads.filter == .soft && policy.name.hasPrefix("heads ") && policy.name.hasSuffix(", soft of model m"))
    }

    @Test func headsOfAnotherModelAndFoldersWithoutHeadsAreRefused() throws {
        let path = try writeHeads("small", size: 7, seed: 1)
        let size = #expect(throws: (any Error).self) { try name { $0.heads = path } }
        #expect("\(size as Any)".contains("hidden states of size 7, the model's have 24"))
        let missing = #expect(throws: (any Error).self) { try name { $0.heads = folder.path("none") } }
        #expect("\(missing as Any)".contains("holds no trained heads"))
    }

    @Test func theContentOfHeadsTellsCollectionsApart() throws {
        let size = tiny.model.configuration.hiddenSize
        let paths = try [writeHeads("a", size: size, seed: 1), writeHeads("b", size: size, seed: 2)]
        func fingerprint(_ change: (inout CollectSection) -> Void) throws -> Fingerprint {
            var fingerprint = Fingerprint()
            try fingerprint.add(collect(change))
            return fingerprint
        }
        let one = try fingerprint { $0.heads = paths[0] }, other = try fingerprint { $0.heads = paths[1] }
        #expect(one.difference(from: other)?.contains("collect.heads/model.safetensors") == true)
        // The same heads elsewhere are the same.
        try FileManager.default.copyItem(atPath: paths[0], toPath: folder.path("copy"))
        #expect(try fingerprint { $0.heads = folder.path("copy") } == one)
        // Collections without heads are what they have always been.
        #expect(try !fingerprint { _ in }.entries.keys.contains { $0.contains("heads") || $0.contains("filter") })
    }
}
