import COpenBLAS
import Foundation

/// Which kernels OpenBLAS runs. It chooses them by the processor's model when it is loaded; a release that is older
/// than the processor falls back to kernels of 2004, several times slower than what the processor can do.
public enum BLASKernels {
    /// Name of the kernels in use, such as "SkylakeX", "Zen" or "Prescott".
    public static var name: String { String(cString: openblas_get_corename()) }

    /// What multiplies, Float and BF16, in words.
    public static var summary: String { "OpenBLAS kernels \(name), BF16 products \(BF16Kernels.name)" }

    /// The environment variable that OpenBLAS reads its choice from, while it is loaded.
    public static let variable = "OPENBLAS_CORETYPE"

    /// The value of ``variable`` that gives better kernels, where OpenBLAS did not know the processor; nil where the
    /// kernels in use are right. Only a new start of the program can change them.
    public static var better: String? { name == "Prescott" ? bestForProcessor() : nil }

    /// What is wrong with the kernels in use, in a sentence: they multiply with narrower vectors than the processor
    /// has, because ``variable`` asks for them or OpenBLAS does not know the processor; nil where they are right.
    public static var complaint: String? {
        bestForProcessor().flatMap {
            complaint(running: name, best: $0, wanted: ProcessInfo.processInfo.environment[variable])
        }
    }

    /// - Parameter wanted: what ``variable`` says; nil where it is not set.
    static func complaint(running name: String, best: String, wanted: String?) -> String? {
        guard width(of: name) < width(of: best) else { return nil }
        let reason = wanted.map { "\(variable) is set to '\($0)'" } ?? "OpenBLAS does not know this processor"
        let remedy = wanted == nil ? "set \(variable)=\(best)" : "unset it, or set it to \(best)"
        return "OpenBLAS runs its kernels for \(name), which are slower than this processor allows, because \(reason); "
            + "\(remedy)"
    }

    /// Bits of the vectors that kernels multiply, one less where they do not add in the same instruction; kernels of
    /// unknown name are left alone.
    private static func width(of kernels: String) -> Int {
        switch kernels.uppercased() {
        case "SKYLAKEX", "COOPERLAKE", "SAPPHIRERAPIDS": 512
        case "HASWELL", "ZEN", "EXCAVATOR": 256
        case "SANDYBRIDGE", "BULLDOZER", "PILEDRIVER", "STEAMROLLER": 255
        case "PRESCOTT", "CORE2", "PENRYN", "DUNNINGTON", "NEHALEM", "ATOM", "NANO", "OPTERON", "OPTERON_SSE3",
            "BARCELONA", "BOBCAT", "KATMAI", "COPPERMINE", "NORTHWOOD", "BANIAS", "ATHLON":
            128
        default: 1024
        }
    }

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
