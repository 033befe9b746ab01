import Foundation
import Safetensors
import Tensor

/// An affine projection of hidden states onto r orthonormal directions: `z = (h − mean)·componentsᵀ`.
public struct Projection: Sendable, Equatable {
    /// [1, D].
    public let mean: Tensor<Float>
    /// [r, D], orthonormal rows.
    public let components: Tensor<Float>

    /// D.
    public var hiddenSize: Int { components.columns }
    /// r.
    public var rank: Int { components.rows }

    static let name = "projection.safetensors"

    public init(mean: Tensor<Float>, components: Tensor<Float>) {
        require(mean.count == components.columns, "a mean of \(mean.count) numbers for components \(components.shape)")
        self.mean = mean.reshaped([1, mean.count])
        self.components = components
    }

    /// Reads the projection of a cache's folder.
    ///
    /// - Throws: `FileError` where the file is missing or damaged; ``CacheError`` where it is not finite.
    init(folder: URL, _ description: CacheDescription) throws {
        let file = try SafetensorsFile(path: folder.appendingPathComponent(Self.name).path)
        let D = description.hiddenSize
        func tensor(_ name: String, _ shape: [Int?]) throws -> Tensor<Float> {
            let stored = try file.require(name, shape: shape, types: [.f32])
            let values = try stored.values(as: Float.self)
            guard isFinite(values, values.count) else {
                throw CacheError(file.path, "\(name) holds a number that is not finite")
            }
            return Tensor(shape: stored.shape, values)
        }
        self.init(mean: try tensor("mean", [D]), components: try tensor("components", [description.rank, D]))
    }

    /// The projection that an interrupted run has left in a folder, so that its first pass need not be repeated; nil
    /// where there is none.
    ///
    /// - Throws: ``CacheError`` where it belongs to another cache, that is, has another fingerprint or rank;
    ///   `FileError` where it is damaged.
    public static func existing(
        in folder: URL, _ description: CacheDescription, fingerprint: String
    ) throws -> Projection? {
        let path = folder.appendingPathComponent(name).path
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let found = try SafetensorsFile(path: path).metadata["fingerprint"]
        guard found == fingerprint else {
            throw CacheError(
                path,
                "belongs to another cache, its fingerprint is '\(found ?? "missing")', expected '\(fingerprint)'; "
                    + "remove the folder or give another"
            )
        }
        return try Projection(folder: folder, description)
    }

    func write(to folder: URL, fingerprint: String) throws {
        let path = folder.appendingPathComponent(Self.name).path
        try SafetensorsWriter.write(
            [
                NewTensor("mean", [hiddenSize], mean.elements),
                NewTensor("components", [rank, hiddenSize], components.elements),
            ],
            metadata: ["format": "pt", "fingerprint": fingerprint], to: path)
    }

    /// z of hidden states [N, D], [N, r].
    public func project<Element: Scalar>(_ hidden: Tensor<Element>) -> Tensor<Element> {
        let centred = hidden - mean.converted(to: Element.self)
        return .product(centred.matrix, components.converted(to: Element.self).matrix.transposed)
    }
}
