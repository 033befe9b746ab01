import COpenBLAS
import Foundation

/// Which kernels OpenBLAS runs. It chooses them by the processor's model when it is loaded; a release that is older
/// than the processor falls back to kernels of 2004, several times slower than what the processor can do.
public enum BLASKernels {
    /// Name of the kernels in use, such as "SkylakeX", "Zen" or "Prescott".
    public static var name: String { String(cString: openblas_get_corename()) }

    /// The environment variable that OpenBLAS reads its choice from, while it is loaded.
    public static let variable = "OPENBLAS_CORETYPE"

    /// The value of ``variable`` that gives better kernels, where OpenBLAS did not know the processor; nil where the
    /// kernels in use are right. Only a new start of the program can change them.
    public static var better: String? { name == "Prescott" ? bestForProcessor() : nil }

    /// The newest kernels whose instructions the processor has, by its flags.
    private static func bestForProcessor() -> String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
        else { return nil }
        let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"]) { return "SKYLAKEX" }
        if flags.isSuperset(of: ["avx2", "fma"]) { return "HASWELL" }
        return nil
    }
}
