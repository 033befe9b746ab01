import COpenBLAS
import Foundation

/// Which kernels OpenBLAS runs. It chooses them by the processor's model when it is loaded; a release that is older than
/// the processor falls back to kernels of 2004, several times slower than what the processor can do.
public enum BLASKernels {
    /// Name of the kernels in use, such as "SkylakeX", "Zen" or "Prescott".
    public static var name: String { String(cString: openblas_get_corename()) }

    /// Starts the program anew with better kernels where OpenBLAS did not know the processor; otherwise does nothing.
    ///
    /// To be called first thing in a program: the choice is read from the environment variable `OPENBLAS_CORETYPE` while
    /// the library is loaded, so only a new start can change it. Does nothing where the variable is set already.
    public static func useBestForProcessor() {
        guard name == "Prescott", getenv("OPENBLAS_CORETYPE") == nil, let wanted = bestForProcessor() else { return }
        setenv("OPENBLAS_CORETYPE", wanted, 1)
        // Returns only where it fails; then the slow kernels serve.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
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
