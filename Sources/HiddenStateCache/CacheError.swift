/// A cache that cannot be read or written, in one sentence: which file, what was found and what was expected.
public struct CacheError: Error, CustomStringConvertible, Equatable {
    public let description: String

    /// - Parameters:
    ///   - path: of the file or folder.
    ///   - problem: what was found and expected.
    public init(_ path: String, _ problem: String) { description = "\(path): \(problem)" }
}
