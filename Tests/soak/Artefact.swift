import Foundation

/// A kind of artefact: the files of a folder that are sound, and who reads them.
struct Artefact {
    /// One of its files.
    struct File {
        /// How it is damaged.
        enum Form { case bytes, text, safetensors }

        /// Relative to the folder.
        var name: String
        var form: Form
        var bytes: [UInt8]
        /// Whether it is damaged at all.
        var isDamaged: Bool
    }

    /// A program that reads the folder, too, and what it is given.
    typealias Command = (_ folder: URL) -> (program: String, arguments: [String])

    let name: String
    let files: [File]
    /// Reads the folder as programs do; throws for what it refuses.
    let read: (_ folder: URL) throws -> Void
    let command: Command?

    /// What lies in a folder.
    ///
    /// - Parameters:
    ///   - isDamaged: whether a file, by its name, is damaged; others are there as they are.
    init(
        _ name: String, folder: URL, damaging isDamaged: (String) -> Bool = { _ in true }, command: Command? = nil,
        read: @escaping (URL) throws -> Void
    ) throws {
        (self.name, self.read, self.command) = (name, read, command)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        files = names.compactMap { name in
            guard let content = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path) else {
                return nil  // a folder
            }
            let isText = [".json", ".jsonl", ".txt"].contains { name.hasSuffix($0) }
            let form: File.Form = isText ? .text : name.hasSuffix(".safetensors") ? .safetensors : .bytes
            return File(name: name, form: form, bytes: Array(content), isDamaged: isDamaged(name))
        }
        guard files.contains(where: \.isDamaged) else { throw SoakError("\(name): has no file that is damaged") }
    }

    /// Writes the folder anew, one file of it damaged.
    func write(to folder: URL, damagedBy draws: SplitMix?) throws {
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var damaged: (name: String, bytes: [UInt8])?
        if var draws {
            let file = draws.pick(files.filter(\.isDamaged))
            var mutation = Mutation(draws: draws)
            damaged = (file.name, mutation.damage(file))
        }
        for file in files {
            let url = folder.appendingPathComponent(file.name)
            if file.name.contains("/") {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            }
            try Data(file.name == damaged?.name ? damaged?.bytes ?? [] : file.bytes).write(to: url)
        }
    }
}

/// What keeps the soak from running, or what it found, in one sentence.
struct SoakError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
