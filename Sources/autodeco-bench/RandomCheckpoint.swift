import Backbone
import Foundation
import Safetensors
import Tensor
import Terminal

/// A checkpoint folder with random BF16 weights in a published model's shape.
///
/// A class because it owns the folder, which is there as long as it is.
final class RandomCheckpoint {
    let shape: ModelShape
    let folder: URL
    let fileSize: Int

    /// - Parameter layers: how many layers are written.
    init(_ shape: ModelShape, layers: Int) throws {
        self.shape = shape
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("autodeco-bench-\(UUID().uuidString)")
        let file = folder.appendingPathComponent("model.safetensors").path,
            declarations = shape.declarations(layers: layers)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let configuration = shape.configuration(layers: layers)
            try Data(configuration.utf8).write(to: folder.appendingPathComponent("config.json"))
            try Self.write(declarations, to: file)
            fileSize = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        } catch {
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The model as it is on disk.
    func transformer() throws -> Transformer { try Transformer(directory: folder) }

    /// A model of so many layers, all of which read the bytes of the first one; an output matrix reads the embedding's.
    func transformer(
        repeatingFirstLayer layers: Int, precision: ProductPrecision.Choice = .float
    ) throws -> Transformer {
        let file = folder.appendingPathComponent("config-\(layers)-layers.json")
        try Data(shape.configuration(layers: layers).utf8).write(to: file)
        return try Transformer(
            configuration: ModelConfiguration(file: file),
            checkpoint: RepeatedLayer(checkpoint: Checkpoint(folder: folder.path)), precision: precision)
    }

    /// One block of random numbers over and over, its length prime to every row's; norms are 1, and the last one 3, so
    /// that logits spread as a language model's do.
    private static func write(_ declarations: [TensorDeclaration], to path: String) throws {
        let writer = try SafetensorsWriter(path: path, tensors: declarations, metadata: ["format": "pt"])
        var random = RandomGenerator(seed: 1)
        // Uniform in ±0.03: a product with D = 3584 inputs keeps the size of its input.
        let block = (0..<1_000_003).map { _ in
            UInt16(truncatingIfNeeded: Float(random.uniform(in: -0.03..<0.03)).bitPattern >> 16)
        }
        var place = 0
        for declaration in declarations {
            var rest = declaration.shape.reduce(1, *)
            if declaration.name.hasSuffix("norm.weight") {
                try writer.append(
                    [Float](repeating: declaration.name == "model.norm.weight" ? 3 : 1, count: rest),
                    to: declaration.name)
                continue
            }
            while rest > 0 {
                let count = min(rest, block.count - place)
                try Interruption.check()
                try block[place..<place + count].withUnsafeBytes { try writer.append(bytes: $0, to: declaration.name) }
                rest -= count
                place = (place + count) % block.count
            }
        }
        try writer.finish()
    }
}

/// Gives every layer the weights of the first one, and the output matrix the embedding's, so that a large model's
/// memory traffic needs but a small file.
struct RepeatedLayer: TensorSource {
    let checkpoint: Checkpoint

    var path: String { checkpoint.path }
    var entries: [TensorEntry] { checkpoint.entries }

    func find(_ name: String) -> StoredTensor? {
        let layers = "model.layers."
        guard name.hasPrefix(layers) else {
            return checkpoint.find(name == "lm_head.weight" ? "model.embed_tokens.weight" : name)
        }
        return checkpoint.find(layers + "0" + name.dropFirst(layers.count).drop { $0 != "." })
    }
}
