import Files
import Foundation

/// A model's `generation_config.json`, where transformers, vLLM and others look for the sampling that suits a model.
struct GenerationSettings {
    private let path: String
    private var members: JSONMembers

    /// Settings that also decide over what is drawn, and the values at which they do not.
    private static let others = [
        "top_k": ["0", "null"], "min_p": ["0", "0.0", "null"], "typical_p": ["1", "1.0", "null"],
        "epsilon_cutoff": ["0", "0.0", "null"], "eta_cutoff": ["0", "0.0", "null"],
        "repetition_penalty": ["1", "1.0", "null"],
    ]

    /// Reads what is there.
    ///
    /// - Parameter place: a model's folder, or the file. A file that is not there begins with the end tokens of the
    ///   config.json beside it, which engines read from there only as long as there is no such file.
    /// - Throws: ``InputError`` where the place is neither; `FileError` for what is no JSON object.
    init(place: String) throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
        path = isFolder.boolValue ? folder(place).appendingPathComponent("generation_config.json").relativePath : place
        if exists, !isFolder.boolValue || FileManager.default.fileExists(atPath: path) {
            guard path.hasSuffix(".json") else {
                throw InputError("\(path): expected a model's folder, or its generation_config.json")
            }
            members = try JSONMembers(path: path)
            guard members["architectures"] == nil else {
                throw InputError("\(path): is a model's config.json, expected its folder or its generation_config.json")
            }
            return
        }
        let beside = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("config.json").path
        guard path.hasSuffix("generation_config.json"), FileManager.default.fileExists(atPath: beside) else {
            throw InputError("\(place): holds no config.json, expected a model's folder, or its generation_config.json")
        }
        let model = try JSONMembers(path: beside)
        members = JSONMembers()
        for name in ["bos_token_id", "eos_token_id", "pad_token_id"] {
            if let value = model[name], value != "null" { members[name] = value }
        }
    }

    /// Sets `temperature`, `top_p` and `do_sample`; every other member stays as it is, and where it is.
    ///
    /// - Throws: `FileError` where the file cannot be written; the old one is then untouched.
    func write(temperature: Double, topP: Double) throws -> SamplingDefaults.Written {
        var members = members
        members["do_sample"] = "true"
        members["temperature"] = "\(temperature)"
        members["top_p"] = "\(topP)"
        try AtomicFile.write(Array(members.text.utf8), to: path)
        let notes = members.names.compactMap { name -> String? in
            guard let neutral = Self.others[name], let value = members[name], !neutral.contains(value) else {
                return nil
            }
            return "\(path): \(name) is \(value) and stays; it also decides over what is drawn"
        }
        return SamplingDefaults.Written(path: path, notes: notes)
    }
}
