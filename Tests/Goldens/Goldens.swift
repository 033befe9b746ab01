import Foundation

/// Where golden values lie: those of our own making beside this file, and those that are kept outside of the package.
public enum Goldens {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// A folder or file beside this one: `losses`, `backbones/llama`.
    public static func own(_ path: String) -> URL { folder.appendingPathComponent(path) }

    /// The folder beside the package that holds goldens which are no part of it.
    static let outside = folder.appendingPathComponent("../../../shared").standardizedFileURL

    /// Whether goldens from outside are expected. Where they are, a test that does not find its own fails.
    public static let areOutside = FileManager.default.fileExists(atPath: outside.path)

    /// What a skipped test says.
    public static let absence = "there is no folder ../shared beside the package"

    /// The names in a folder of goldens from outside, sorted.
    ///
    /// - Throws: ``MissingGolden`` where the folder is absent or empty.
    public static func names(outside path: String) throws -> [String] {
        let folder = outside(path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        guard !names.isEmpty else { throw MissingGolden(path: folder.path) }
        return names.sorted()
    }

    /// A folder or file of goldens from outside.
    public static func outside(_ path: String) -> URL {
        outside.appendingPathComponent("goldens").appendingPathComponent(path)
    }
}

/// Goldens are expected outside of the package, and are not there.
public struct MissingGolden: Error, CustomStringConvertible {
    var path: String

    public var description: String {
        "\(path) holds nothing, and \(Goldens.outside.path) is there: "
            + "expected goldens, or no folder of that name beside the package"
    }
}
