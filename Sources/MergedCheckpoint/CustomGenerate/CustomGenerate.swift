import Files
import Foundation

/// What lets stock `transformers` decode with heads: the folder `custom_generate` beside them.
///
/// The files are those of data/serving/transformers, to which the links beside this file lead; a build carries them in
/// the program, so that nothing has to be found when it runs.
public enum CustomGenerate {
    /// Name of the folder below the heads' own, where `transformers` looks.
    public static let folderName = "custom_generate"

    /// Names and contents of the files.
    public static var files: [(name: String, contents: Data)] {
        [
            ("generate.py", Data(PackageResources.generate_py)),
            ("requirements.txt", Data(PackageResources.requirements_txt)),
        ]
    }

    /// Writes the folder `custom_generate` into a folder with heads. Each file is written whole or not at all.
    ///
    /// - Throws: `FileError` where the folder cannot be written.
    public static func write(to heads: URL) throws {
        let folder = heads.appendingPathComponent(folderName)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, contents) in files {
            try AtomicFile.write(contents, to: folder.appendingPathComponent(name).path)
        }
    }
}
