import Backbone
import Foundation
import GGUF
import Generation
import TestSupport
import Tokenizers

// Models in one file, whole and split, with a tokenizer and with blocks.

extension Artefacts {
    mutating func addGGUF() throws {
        for (kind, architecture) in [(TinyModel.Kind.llama, "llama"), (.gptOSS, "gpt-oss")] {
            let tiny = try TinyModel(kind, ["vocab_size": 64]), here = try place("gguf \(architecture)")
            var file = try tiny.gguf(architecture, vocabulary: true)
            file.set("general.sampling.temp", 0.6)
            file.set("tokenizer.chat_template", "<|im_start|>system\nx<|im_end|>")
            let name = "model.gguf"
            try file.write(to: here.appendingPathComponent(name).path)
            let ids = tiny.tokens(9)
            let command: Artefact.Command = {
                ("autodeco-inspect", ["model", $0.appendingPathComponent(name).path])
            }
            add(
                try Artefact("GGUF model \(architecture)", folder: here, command: command) { folder in
                    let url = folder.appendingPathComponent(name), model = try Transformer(directory: url)
                    _ = model.logits(try model.hidden([ids, [1]]))
                    _ = try Tokenizer(ofModel: url)?.encode("!# $0")
                    _ = try ChatFormat.template(of: ModelSource(url))
                    if case .gguf(let model) = try ModelSource(url) { _ = try model.files() }
                })
        }
        try addBlocks()
        try addParts()
    }

    private mutating func addBlocks() throws {
        let here = try place("gguf blocks"),
            types: [(number: UInt32, bytes: Int)] = [
                (0, 1024), (1, 512), (2, 144), (3, 160), (6, 176), (7, 192), (8, 272), (10, 84), (11, 110), (12, 144),
                (13, 176),
                (14, 210), (20, 144), (23, 136), (30, 512), (39, 136),
            ]
        var file = GGUFBytes(), draws = Draws(seed: 3)
        file.tensors = types.map { type in
            .init(
                "t\(type.number)", [1, 256], type: type.number, (0..<type.bytes).map { _ in UInt8(draws.next() % 256) })
        }
        try file.write(to: here.appendingPathComponent("blocks.gguf").path)
        add(
            try Artefact("GGUF blocks", folder: here) { folder in
                let file = try GGUFFile(path: folder.appendingPathComponent("blocks.gguf").path)
                for name in file.names { _ = try file.tensor(name).dequantized() }
            })
    }

    private mutating func addParts() throws {
        let here = try place("gguf parts"), name = "m-00001-of-00002.gguf"
        for part in 0..<2 {
            var file = GGUFBytes()
            file.set("split.no", part)
            file.set("split.count", 2)
            file.set("split.tensors.count", 2)
            file.set("words", ["a", "bc", ""])
            file.tensors = [.init("t\(part)", [2], GGUFBytes.floats([1, 2]))]
            try file.write(to: here.appendingPathComponent("m-0000\(part + 1)-of-00002.gguf").path)
        }
        add(
            try Artefact("GGUF in parts", folder: here) { folder in
                let parts = try GGUFParts(path: folder.appendingPathComponent(name).path)
                for name in parts.names { _ = try parts.tensor(name).dequantized() }
            })
    }
}
