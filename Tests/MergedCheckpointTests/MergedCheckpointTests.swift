import AutoDecoHeads
import Files
import Foundation
import Safetensors
import Tensor
import Testing
@testable import MergedCheckpoint

/// A folder with a backbone of random bytes, one with heads, and room for outputs.
private final class Workshop {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "merged-\(UUID().uuidString)", isDirectory: true)
    static let D = 12
    var model: URL { url.appendingPathComponent("model", isDirectory: true) }
    var heads: URL { url.appendingPathComponent("heads", isDirectory: true) }

    /// - Parameter shards: 1 is a single `model.safetensors`.
    init(shards: Int = 1, tied: Bool = false, headsType: ElementType = .f32, configuration: String? = nil) throws {
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        var random = RandomGenerator(seed: 5)
        func tensor(_ name: String, _ shape: [Int], _ type: ElementType) -> NewTensor {
            NewTensor(
                name, shape,
                bytes: (0..<shape.reduce(type.byteWidth, *)).map { _ in UInt8(truncatingIfNeeded: random.next()) },
                as: type)
        }
        // An odd number of bytes lies before what would follow, so that alignment is no accident.
        var tensors = [
            tensor("model.embed_tokens.weight", [21, Self.D], .bf16), tensor("model.norm.weight", [Self.D], .f32),
        ]
        for layer in 0..<3 {
            tensors += [
                tensor("model.layers.\(layer).a", [3, 5], .bf16), tensor("model.layers.\(layer).blocks", [7], .u8),
            ]
        }
        if !tied { tensors.append(tensor("lm_head.weight", [21, Self.D], .bf16)) }
        let names =
            shards == 1 ? ["model.safetensors"] : (1...shards).map { "model-0000\($0)-of-0000\(shards).safetensors" }
        var map: [String: String] = [:]
        for (number, name) in names.enumerated() {
            let own = tensors.enumerated().filter { $0.offset * shards / tensors.count == number }.map(\.element)
            try SafetensorsWriter.write(
                own, metadata: ["format": "pt", "shard": "\(number)"], to: model.appendingPathComponent(name).path)
            for tensor in own { map[tensor.declaration.name] = name }
        }
        if shards > 1 {
            try JSONSerialization.data(withJSONObject: ["metadata": ["total_size": 1], "weight_map": map])
                .write(to: model.appendingPathComponent("model.safetensors.index.json"))
        }
        try write(
            configuration
                ?? #"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 12, "#
                + #""num_hidden_layers": 3, "rms_norm_eps": 1e-05, "#
                + #""rope_theta": 10000.0, "tie_word_embeddings": \#(tied)}"#,
            "config.json")
        for (name, text) in [
            ("generation_config.json", "{}"), ("tokenizer.json", "{\"a\": 1}"),
            ("chat_template.jinja", "{{ messages }}"), ("pytorch_model.bin", "weights"),
            (".hidden", "x"), ("additional_chat_templates/tool.jinja", "{{ tools }}"),
        ] { try write(text, name) }

        var seed = RandomGenerator(seed: 6)
        let fresh = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: Self.D), random: &seed)
        try fresh.write(
            to: heads,
            origin: HeadsOrigin(
                baseModel: "org/model", backboneConfiguration: Data(#"{"model_type": "llama", "note": 10000.0}"#.utf8)))
        if headsType != .f32 { try store(fresh, as: headsType, metadata: ["format": "pt"]) }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func store(_ values: AutoDecoHeads<Float>, as type: ElementType, metadata: [String: String]) throws {
        try SafetensorsWriter.write(
            values.parameters.named.map { NewTensor($0.name, $0.value.shape, $0.value.elements, as: type) },
            metadata: metadata,
            to: heads.appendingPathComponent("model.safetensors").path)
    }

    func write(_ text: String, _ name: String) throws {
        let file = model.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func output(_ name: String) -> URL { url.appendingPathComponent(name, isDirectory: true) }

    /// As the program opens it: the heads are read first.
    func merging(model: URL, output: URL, baseModel: String? = nil) throws -> HeadsMerge {
        let hiddenSize = try AutoDecoHeads<Float>(folder: heads).configuration.hiddenSize
        return try HeadsMerge(heads: heads, hiddenSize: hiddenSize, model: model, output: output, baseModel: baseModel)
    }

    func merge(to name: String = "merged", baseModel: String? = nil) throws -> URL {
        try merging(model: model, output: output(name), baseModel: baseModel).write()
        return output(name)
    }

    /// What a refused merge says; nil where it is done.
    func refusal(output: URL? = nil, _ change: () throws -> Void = {}) throws -> String? {
        try change()
        do {
            try merging(model: model, output: output ?? self.output("refused")).write()
            return nil
        } catch { return "\(error)" }
    }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() } }
}

/// Of each tensor type, shape and bytes.
private func content(_ folder: URL) throws -> [String: [String]] {
    let checkpoint = try Checkpoint(folder: folder.path)
    return Dictionary(
        uniqueKeysWithValues: checkpoint.entries.compactMap { checkpoint.find($0.name) }.map {
            ($0.name, [$0.type.rawValue, "\($0.shape)", Data($0.bytes).base64EncodedString()])
        })
}

private func data(_ folder: URL, _ name: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent(name))
}

@Suite struct MergedCheckpointTests {
    @Test(arguments: [1, 3], [true, false])
    func aMergedCheckpointHoldsBackboneAndHeadsUnderTheReleasedNames(shards: Int, tied: Bool) throws {
        let shop = try Workshop(shards: shards, tied: tied), merged = try shop.merge()
        let expected = Dictionary(uniqueKeysWithValues: try content(shop.model).map { ("llm.\($0)", $1) })
            .merging(try content(shop.heads)) { a, _ in a }
        #expect(try content(merged) == expected)
        #expect(expected["llm.lm_head.weight"] == nil ? tied : !tied)
        for (name, inputs) in [("temp_head", 12), ("top_p_head", 17)] {
            #expect(
                expected["\(name).mlp.0.weight"]?.prefix(2) == ["F32", "[256, \(inputs)]"]
                    && expected["\(name).mlp.0.bias"]?.prefix(2) == ["F32", "[256]"])
            #expect(
                expected["\(name).mlp.2.weight"]?.prefix(2) == ["F32", "[1, 256]"]
                    && expected["\(name).mlp.2.bias"]?.prefix(2) == ["F32", "[1]"])
        }
        let files = try Checkpoint(folder: merged.path).shards
        #expect(files.last?.tensors.filter { MergedLayout.isOfHeads($0.name) }.count == 8 && files.count == shards)
        // Readers that view bytes as numbers need them aligned.
        for tensor in files.flatMap(\.tensors) {
            #expect(tensor.entry.byteRange.lowerBound % tensor.type.byteWidth == 0, "\(tensor.name)")
        }
    }

    /// transformers 4.57 and vLLM would overwrite one with the other.
    @Test func aTiedOutputMatrixOfOtherValuesIsNoLongerTiedInTheMergedConfiguration() throws {
        func ties(_ folder: URL) throws -> Bool? {
            try JSONMembers(path: folder.appendingPathComponent("config.json").path).bool("tie_word_embeddings")
        }
        let original = #"{"model_type": "llama", "hidden_size": 12, "tie_word_embeddings": true}"#
        let shop = try Workshop(configuration: original), merged = try shop.merge(), back = shop.output("back")
        #expect(try shop.merging(model: shop.model, output: shop.output("other")).untiesOutput)
        #expect(try ties(merged) == false)
        try HeadsSplit(merged: merged).write(backbone: back, heads: nil)
        #expect(try ties(back) == true && content(back) == content(shop.model))

        let plain = try Workshop(tied: true)
        #expect(try !plain.merging(model: plain.model, output: plain.output("other")).untiesOutput)
        #expect(try ties(plain.merge()) == true)
    }

    @Test func theIndexOfShardsListsEveryTensorAndTheirSize() throws {
        let shop = try Workshop(shards: 2), merged = try shop.merge()
        let index =
            try JSONSerialization.jsonObject(with: data(merged, "model.safetensors.index.json"))
            as? [String: [String: Any]]
        let all = try Checkpoint(folder: merged.path)
        #expect(index?["metadata"]?["total_size"] as? Int == all.entries.reduce(0) { $0 + $1.byteRange.count })
        #expect(Set(index?["weight_map"]?.keys ?? [:].keys) == Set(all.names) && all.names.count == 9 + 8)
        #expect(index?["weight_map"]?["temp_head.mlp.0.weight"] as? String == "model-00002-of-00002.safetensors")
        let single = try Workshop().merge()
        #expect(
            !FileManager.default.fileExists(atPath: single.appendingPathComponent("model.safetensors.index.json").path))
    }

    @Test func theMergedConfigurationIsTheBackbonesWithTheEntriesOfAutoDeco() throws {
        let shop = try Workshop(), merged = try shop.merge()
        let text = try String(decoding: data(merged, "config.json"), as: UTF8.self),
            config = try JSONMembers(Data(text.utf8), file: "config")
        #expect(config.string("model_type") == "autodeco" && config.string("base_model_type") == "llama")
        #expect(
            config["architectures"] == #"["AutoDecoModelForCausalLM"]"#
                && config.string("base_model_name_or_path") == "org/model")
        #expect(
            config.bool("enable_temperature_head") == true && config.bool("enable_top_p_head") == true
                && config.bool("use_enhanced_features") == true)
        #expect(config.integer("temperature_hidden_size") == 12 && config.integer("top_p_hidden_size") == 12)
        // Numbers as they were written; entries that only the heads' file has are not the backbone's.
        #expect(config["rms_norm_eps"] == "1e-05" && config["rope_theta"] == "10000.0" && config["note"] == nil)
        #expect(
            try JSONMembers(path: shop.merge(to: "other", baseModel: "a/b").appendingPathComponent("config.json").path)
                .string("base_model_name_or_path") == "a/b")
    }

    @Test func tokenizerAndTemplatesComeAlongAndOtherWeightsDoNot() throws {
        let shop = try Workshop(), merged = try shop.merge()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: merged.path).sorted() == [
                "additional_chat_templates", "chat_template.jinja", "config.json", "generation_config.json",
                "model.safetensors", "tokenizer.json",
            ])
        for name in ["tokenizer.json", "chat_template.jinja", "additional_chat_templates/tool.jinja"] {
            #expect(try data(merged, name) == data(shop.model, name))
        }
    }

    @Test func filesBehindSymbolicLinksAreMergedAsHubCachesHaveThem() throws {
        let shop = try Workshop(), blobs = shop.output("blobs")
        try FileManager.default.moveItem(at: shop.model, to: blobs)
        try FileManager.default.createDirectory(at: shop.model, withIntermediateDirectories: false)
        for name in ["model.safetensors", "config.json", "tokenizer.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: shop.model.appendingPathComponent(name).path, withDestinationPath: "../blobs/\(name)")
        }
        let merged = try shop.merge(),
            attributes = try FileManager.default.attributesOfItem(
                atPath: merged.appendingPathComponent("tokenizer.json").path)
        #expect(
            try data(merged, "tokenizer.json") == data(blobs, "tokenizer.json")
                && attributes[.type] as? FileAttributeType == .typeRegular)
    }

    @Test(arguments: [1, 3], [ElementType.f32, .bf16])
    func splitGivesBackHeadsAndBackboneBitForBit(shards: Int, type: ElementType) throws {
        let shop = try Workshop(shards: shards, headsType: type), merged = try shop.merge()
        let backbone = shop.output("backbone"), heads = shop.output("taken")
        try HeadsSplit(merged: merged).write(backbone: backbone, heads: heads)
        #expect(try data(heads, "model.safetensors") == data(shop.heads, "model.safetensors"))
        #expect(
            try JSONMembers(path: heads.appendingPathComponent("config.json").path)
                == JSONMembers(path: shop.heads.appendingPathComponent("config.json").path))
        #expect(try content(backbone) == content(shop.model))
        #expect(
            try JSONMembers(path: backbone.appendingPathComponent("config.json").path)
                == JSONMembers(path: shop.model.appendingPathComponent("config.json").path))
        #expect(
            try Checkpoint(folder: backbone.path).shards.map(\.metadata)
                == Checkpoint(folder: shop.model.path).shards.map(\.metadata))
        #expect(
            try data(backbone, "additional_chat_templates/tool.jinja")
                == data(shop.model, "additional_chat_templates/tool.jinja"))
        try HeadsSplit(merged: merged).write(backbone: nil, heads: shop.output("alone"))
        #expect(try data(shop.output("alone"), "model.safetensors") == data(shop.heads, "model.safetensors"))
    }

    /// The released script keeps no configuration beside config.json.
    @Test func aCheckpointThatTheReleasedScriptMergedIsTakenApartByItsConfiguration() throws {
        let shop = try Workshop(), merged = try shop.merge(), file = merged.appendingPathComponent("model.safetensors")
        let tensors = try Checkpoint(folder: merged.path).shards[0].tensors.map { Checkpoint.ShardContent($0) }
        try Checkpoint.write(tensors, metadata: ["format": "pt"], to: file.path)
        let backbone = shop.output("backbone"), heads = shop.output("taken")
        try HeadsSplit(merged: merged).write(backbone: backbone, heads: heads) {
            $0 == "llama" ? "LlamaForCausalLM" : nil
        }
        let config = try JSONMembers(path: backbone.appendingPathComponent("config.json").path)
        #expect(
            config.string("model_type") == "llama" && config["architectures"] == #"["LlamaForCausalLM"]"#
                && config["enable_top_p_head"] == nil)
        #expect(
            Set(config.names) == Set(try JSONMembers(path: shop.model.appendingPathComponent("config.json").path).names)
        )
        #expect(try AutoDecoHeads<Float>(folder: heads) == AutoDecoHeads<Float>(folder: shop.heads))
    }

    @Test(arguments: [ElementType.bf16, .f16, .f32])
    func headsOfAnyFloatTypeLoadAloneAndFromAMergedCheckpoint(type: ElementType) throws {
        let shop = try Workshop(shards: 2, headsType: type), alone = try AutoDecoHeads<Float>(folder: shop.heads)
        #expect(try AutoDecoHeads<Float>(folder: shop.merge()) == alone)
        var seed = RandomGenerator(seed: 6)
        let fresh = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: 12), random: &seed)
        for (stored, exact) in zip(alone.parameters.named, fresh.parameters.named) {
            let bound: Float = type == .bf16 ? 0x1p-8 : type == .f16 ? 0x1p-10 : 0
            // Of values below F16's normal range steps are absolute.
            #expect(
                zip(stored.value.elements, exact.value.elements).allSatisfy {
                    abs($0 - $1) <= bound * abs($1) + (type == .f16 ? 0x1p-24 : 0)
                }, "\(stored.name)")
        }
    }

    @Test func headsThatDoNotBelongToTheModelAreRefused() throws {
        let wider = try Workshop(configuration: #"{"model_type": "llama", "hidden_size": 16}"#)
        #expect(try wider.refusal()?.contains("the heads read hidden states of size 12, the model") == true)
        let other = try Workshop(configuration: #"{"model_type": "qwen2", "hidden_size": 12}"#)
        #expect(
            try other.refusal()?.contains("belong to a model of type 'llama', the model is of type 'qwen2'") == true)
        let bare = try Workshop()
        #expect(
            try bare.refusal {
                try FileManager.default.removeItem(at: bare.heads.appendingPathComponent("model.safetensors"))
            }?.contains("expected one of them") == true)
        let swapped = try Workshop()
        #expect(
            try swapped.refusal {
                try FileManager.default.removeItem(at: swapped.heads)
                try FileManager.default.copyItem(at: swapped.model, to: swapped.heads)
            }?
            .contains("enable_temperature_head is missing") == true)
        #expect(try bare.names == ["heads", "model"] && other.names == ["heads", "model"])
    }

    @Test func aModelThatIsIncompleteIsRefused() throws {
        func remove(_ name: String, _ shop: Workshop) throws {
            try FileManager.default.removeItem(at: shop.model.appendingPathComponent(name))
        }
        let shard = try Workshop(shards: 3)
        #expect(
            try shard.refusal { try remove("model-00002-of-00003.safetensors", shard) }?.contains(
                "model-00002-of-00003.safetensors") == true)
        let config = try Workshop()
        #expect(
            try config.refusal { try remove("config.json", config) }?.contains("config.json: cannot be read") == true)
        let layers = try Workshop(configuration: #"{"model_type": "llama", "hidden_size": 12, "num_hidden_layers": 4}"#)
        #expect(try layers.refusal()?.contains("found no tensor of layer 3, expected all 4 layers") == true)
        let output = try Workshop(
            tied: true, configuration: #"{"model_type": "llama", "hidden_size": 12, "tie_word_embeddings": false}"#)
        #expect(try output.refusal()?.contains("found no tensor 'lm_head.weight'") == true)
        let cut = try Workshop()
        let end = try cut.refusal {
            try data(cut.model, "model.safetensors").dropLast(3).write(
                to: cut.model.appendingPathComponent("model.safetensors"))
        }
        #expect(
            end?.contains("model.safetensors") == true && end?.contains("bytes of data") == true,
            "\(end ?? "no refusal")")
        let twice = try Workshop(), merged = try twice.merge()
        #expect(throws: FileError.self) { try twice.merging(model: merged, output: twice.output("again")) }
    }

    @Test func anOutputThatExistsOrLiesInTheModelIsRefused() throws {
        let shop = try Workshop()
        _ = try shop.merge()
        #expect(
            try shop.refusal(output: shop.output("merged"))?.contains("found a file or folder of this name") == true)
        #expect(
            try shop.refusal(output: shop.model.appendingPathComponent("merged"))?.contains(
                "lies in the model's folder") == true)
        #expect(
            try shop.refusal(output: shop.output("heads/../heads/merged"))?.contains("lies in the heads' folder")
                == true)
        #expect(try shop.names == ["heads", "merged", "model"])
        let split = try HeadsSplit(merged: shop.output("merged"))
        #expect(throws: FileError.self) { try split.write(backbone: shop.output("merged/backbone"), heads: nil) }
        #expect(throws: FileError.self) { try split.write(backbone: shop.output("backbone"), heads: shop.heads) }
        #expect(throws: FileError.self) { try HeadsSplit(merged: shop.heads) }
        #expect(try shop.names == ["heads", "merged", "model"])
    }

    @Test func anInterruptedMergeLeavesNothingAndTheNextOneClearsWhatAKilledOneLeft() throws {
        struct Stop: Error {}
        let shop = try Workshop(shards: 3)
        var pieces = 0
        #expect(throws: Stop.self) {
            try shop.merging(model: shop.model, output: shop.output("merged")).write { _ in
                pieces += 1
                if pieces == 5 { throw Stop() }
            }
        }
        #expect(try pieces == 5 && shop.names == ["heads", "model"])
        let partial = shop.output(".merged.partial")
        try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: false)
        try Data("old".utf8).write(to: partial.appendingPathComponent("old"))
        let merged = try shop.merge()
        #expect(!FileManager.default.fileExists(atPath: merged.appendingPathComponent("old").path))
        #expect(try shop.names == ["heads", "merged", "model"])
    }
}
