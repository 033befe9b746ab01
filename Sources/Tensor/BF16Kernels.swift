import CBF16

/// Which kernels multiply BF16 numbers: chosen while the program runs, so that one build is right on every machine.
public enum BF16Kernels {
    /// Whether the processor multiplies BF16 numbers itself (AVX-512 BF16).
    public static let hasTiles = cbf_has_tiles() != 0

    /// A scope can do without these instructions, as another processor has to: `$avoidsTiles.withValue(true) { … }`.
    @TaskLocal public static var avoidsTiles = false

    /// Whether products use these instructions here. Otherwise BF16 numbers are widened to Float block by block, for
    /// OpenBLAS.
    public static var usesTiles: Bool { hasTiles && !avoidsTiles }

    /// What products use here, in words.
    public static var name: String { usesTiles ? "AVX-512 BF16" : "widened for OpenBLAS" }
}
