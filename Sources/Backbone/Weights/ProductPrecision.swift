import Foundation
import Safetensors
import WeightMatrices

/// In what numbers a model's matrix products are made. Sums, norms, softmax, rope and residuals are Float either way.
public enum ProductPrecision: String, Sendable, CaseIterable, Encodable {
    /// Weights as they are, widened to Float, by Float activations.
    case float
    /// BF16 weights by activations that are rounded to BF16 before each product, with Float sums.
    case bf16

    /// What a user asks for.
    public enum Choice: String, Sendable, CaseIterable {
        /// ``ProductPrecision/bf16`` where the checkpoint's matrices are BF16, the processor multiplies such numbers,
        /// a second copy of the weights fits in memory, and the model is not tiny; otherwise
        /// ``ProductPrecision/float``.
        case automatic = "auto"
        case float, bf16
    }

    /// - Parameters:
    ///   - choice: what is asked for.
    ///   - isTiny: whether the model keeps its weights in Float as well.
    /// - Throws: `ModelError` for `.bf16` where no matrix of the checkpoint is BF16.
    init(_ choice: Choice, checkpoint: any TensorSource, isTiny: Bool) throws {
        let matrices = checkpoint.entries.filter { $0.shape.count == 2 }
        let brainFloats = matrices.filter { $0.type == .bf16 }
        switch choice {
        case .float:
            self = .float
        case .bf16:
            guard !brainFloats.isEmpty else {
                let found = Set(matrices.map(\.type.rawValue)).sorted().joined(separator: " and ")
                throw ModelError(
                    .malformed, "\(checkpoint.path): found matrices in \(found), expected BF16 for BF16 products")
            }
            self = WeightMatrix.hasPanels ? .bf16 : .float
        case .automatic:
            let bytes = brainFloats.reduce(0) { $0 + 2 * $1.count }
            let fits = Double(bytes) <= Self.mostOfMemory * Double(ProcessInfo.processInfo.physicalMemory)
            self =
                WeightMatrix.hasPanels && !isTiny && 2 * brainFloats.count > matrices.count && fits ? .bf16 : .float
        }
    }

    /// Share of this machine's memory that a second copy of the weights may take.
    private static let mostOfMemory = 0.7
}
