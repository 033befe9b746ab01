import Foundation
import GGUF

/// Where other engines look for a model's own temperature and top-p.
enum SamplingDefaults {
    /// generation_config.json, for transformers, vLLM and others.
    case settings(GenerationSettings)
    /// A GGUF file, for llama.cpp, and the path of its copy.
    case gguf(GGUFFile, copy: String)

    /// What was written, and what readers should know of it.
    struct Written {
        let path: String
        let notes: [String]
    }

    /// Opens what is there.
    ///
    /// - Parameters:
    ///   - place: a folder or a file; nil where nothing is to be written.
    ///   - copy: the path of a GGUF file's copy.
    /// - Throws: ``InputError`` where the two do not fit; what the formats throw.
    init?(place: String?, copy: String?) throws {
        guard let place else {
            guard copy == nil else { throw InputError("--output is given without --write, expected a GGUF file there") }
            return nil
        }
        guard place.hasSuffix(".gguf") || GGUFFile.isOne(at: place) else {
            guard copy == nil else {
                throw InputError("--output is for the copy of a GGUF file, and \(place) is none: leave it out")
            }
            self = .settings(try GenerationSettings(place: place))
            return
        }
        let file = try GGUFFile(path: place)
        guard let copy else { throw InputError("\(place): expected --output, a GGUF file is copied and never changed") }
        guard !FileManager.default.fileExists(atPath: copy) else {
            throw InputError("\(copy): exists already, expected a path for the copy where nothing is")
        }
        self = .gguf(file, copy: copy)
    }

    /// Writes the two knobs, rounded to four decimals: more than anybody can tell apart.
    ///
    /// - Parameter check: called now and then; what it throws ends the copy, and nothing stays of it.
    /// - Throws: `FileError` where nothing can be written.
    func write(temperature: Double, topP: Double, _ check: () throws -> Void) throws -> Written {
        // Never 0, which engines refuse or take for greedy.
        func rounded(_ value: Double) -> Double { max(1, (value * 10_000).rounded()) / 10_000 }
        let (T, P) = (rounded(temperature), rounded(topP))
        switch self {
        case .settings(let settings): return try settings.write(temperature: T, topP: P)
        case .gguf(let file, let copy):
            let numbers = [("general.sampling.temp", Float(T)), ("general.sampling.top_p", Float(P))]
            try file.copy(to: copy, setting: numbers.map { (key: $0.0, value: $0.1) }, check: check)
            let others = file.metadata.keys.filter { key in
                key.hasPrefix("general.sampling.") && !numbers.contains { $0.0 == key }
            }
            return Written(
                path: copy, notes: others.map { "\(copy): \($0) stays; it also decides over what is drawn" })
        }
    }
}
