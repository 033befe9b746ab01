import Configuration
import Files
import Foundation

/// Everything that a configuration file says, checked as a whole, with the defaults of what it does not say.
///
///     let configuration = try RunConfiguration(path: "configs/countdown.json", overrides: ["collect.samples=8"])
///     configuration.collect.samples
///
/// Every command reads all sections, so that a mistake anywhere is found by the first command that sees the file.
/// Relative paths in it are taken from the working directory.
public struct RunConfiguration: Sendable {
    public var model = ModelSection()
    public var task = TaskSection()
    public var collect = CollectSection()
    public var cache = CacheSection()
    public var training = TrainingSection()
    public var improve = ImproveSection()
    public var evaluation = EvaluationSection()
    /// Whether heads that were fitted to another model of the same sizes may decode: the programs' `--any-model`, which
    /// no file says.
    public var acceptsAnyHeads = false
    /// The file's path, for messages.
    public let file: String

    /// The most bytes that a configuration's file may hold.
    static let largestFile = 1 << 20

    /// Reads a JSON5 file.
    ///
    /// - Parameter overrides: `key.path=value` each; of two for one path the later counts.
    /// - Throws: ``ConfigurationError`` with the file or the override, the key's full path, what was found and what was
    ///   expected.
    public init(path: String, overrides: [String] = []) throws {
        let data: Data
        do { data = try Data(file: path, limit: Self.largestFile) } catch let error as FileError {
            throw ConfigurationError(.unreadable, "\(error), expected a configuration file in JSON5")
        }
        try self.init(json5: data, file: path, overrides: overrides)
    }

    /// Reads the content of a file.
    public init(json5 data: Data, file: String, overrides: [String] = []) throws {
        self.file = file
        var root = try Self.root(data, file: file)
        let overrides = try overrides.map(Override.init)
        for override in overrides { override.apply(to: &root) }
        let source = Source(file: file, overridden: overrides.map(\.path), sections: Self.sections)

        guard case .object(let sections) = root else { return }
        for (name, value) in sections.sorted(by: { $0.key < $1.key }) {
            switch name {
            case ModelSection.name: model = try ModelSection(value, source: source)
            case TaskSection.name: task = try TaskSection(value, source: source)
            case CollectSection.name: collect = try CollectSection(value, source: source)
            case CacheSection.name: cache = try CacheSection(value, source: source)
            case TrainingSection.name: training = try TrainingSection(value, source: source)
            case ImproveSection.name: improve = try ImproveSection(value, source: source)
            case EvaluationSection.name: evaluation = try EvaluationSection(value, source: source)
            default:
                let names = Self.sections.map(\.name)
                let owner = Self.sections.first { $0.keys.contains(name) }.map { "\($0.name).\(name)" }
                let suggestion = (owner ?? nearest(to: name, in: names)).map { "did you mean \($0)?" }
                throw ConfigurationError(
                    .unknownKey,
                    "\(source.place(of: name)): unknown section \(shortened(name)), "
                        + "\(suggestion ?? "expected one of \(names.joined(separator: ", "))")"
                )
            }
        }
    }

    /// The sections' names, and of each the names of its keys.
    static let sections: [(name: String, keys: [String])] = [
        names(ModelSection.self), names(TaskSection.self), names(CollectSection.self), names(CacheSection.self),
        names(TrainingSection.self), names(ImproveSection.self), names(EvaluationSection.self),
    ]

    private static func names<S: Section>(_ section: S.Type) -> (name: String, keys: [String]) {
        (S.name, S.keys.map(\.name))
    }

    private static func root(_ data: Data, file: String) throws -> JSONValue {
        if let problem = JSONGuard.problem(in: data, isJSON5: true) {
            throw ConfigurationError(.malformed, "\(file): is not JSON5: \(problem)")
        }
        let root: JSONValue
        do { root = try JSONValue(json5: data) } catch {
            throw ConfigurationError(
                .malformed, "\(file): is not JSON5\(SyntaxFault(in: data).map { ": \($0)" } ?? "")")
        }
        guard case .object = root else {
            throw ConfigurationError(
                .malformed,
                "\(file): found \(root.shown), expected an object with sections such as \(CollectSection.name)")
        }
        return root
    }

    /// All sections with all values, defaults included: what a run really uses.
    public var json: JSONValue {
        .object([
            ModelSection.name: model.json, TaskSection.name: task.json, CollectSection.name: collect.json,
            CacheSection.name: cache.json,
            TrainingSection.name: training.json, ImproveSection.name: improve.json,
            EvaluationSection.name: evaluation.json,
        ])
    }

    /// A value that a command cannot do without.
    ///
    /// - Parameter path: the key's full path, such as `collect.folder`.
    /// - Throws: ``ConfigurationError`` where it is null.
    public func required<Value>(_ value: Value?, _ path: String) throws -> Value {
        guard let value else { throw ConfigurationError(.missing, "\(file): \(path) is missing, expected a path") }
        return value
    }
}
