import Files
import Foundation
import Safetensors

/// `trajectories.safetensors` beside `cache.json`: what is known of each line of the trajectory file, in columns,
/// [lines] each. A cache without it, or without some of its columns, is read as well.
///
/// | column | what |
/// |---|---|
/// | `problem` | I32, numbered as they first come, −1 where a line names none; absent where no line names one |
/// | `reward` | F32, NaN where a line has none; absent where no line has one |
/// | `group` | I32, lines of one problem and one policy share a number, −1 where a line has none; with `reward` |
/// | `command` | nothing yet: absent, as no line names a command |
/// | `policy` | I32, a place in the metadata's list `policies`, −1 where unknown; absent where none is known |
/// | `tokens`, `easy_tokens` | I32, labels of the line, and those of them that are the arg max |
struct TrajectoryTable: Equatable {
    static let name = "trajectories.safetensors"

    var problems: [Int32]?
    var policies: LinePolicies?
    var rewards: LineRewards?
    var tokens, easyTokens: [Int32]?

    /// An empty table of so many lines, or what is known of them.
    init(problems: [Int32]? = nil, policies: LinePolicies? = nil, rewards: LineRewards? = nil) {
        (self.problems, self.policies, self.rewards) = (problems, policies, rewards)
    }

    /// - Throws: `FileError` where the file is damaged, or a column is not [lines] of its type; ``CacheError`` where
    ///   its columns contradict each other.
    init(folder: URL) throws {
        self.init()
        let path = folder.appendingPathComponent(Self.name).path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let file = try SafetensorsFile(path: path)
        func column(_ name: String) throws -> [Int32]? {
            guard file.contains(name) else { return nil }
            return try file.require(name, shape: [nil], types: [.i32]).values(as: Int32.self)
        }
        // A file that somebody else wrote for nothing but problems must say them.
        if !file.contains("tokens") { _ = try file.require("problem", shape: [nil], types: [.i32]) }
        problems = try column("problem")
        (tokens, easyTokens) = (try column("tokens"), try column("easy_tokens"))
        if let places = try column("policy") {
            policies = try LinePolicies(places: places, metadata: file.metadata, path: path)
        }
        if file.contains("reward") {
            let stored = try file.require("reward", shape: [nil], types: [.f32]).values(as: Float.self)
            let groups = try file.require("group", shape: [nil], types: [.i32]).values(as: Int32.self)
            rewards = try LineRewards(stored: stored, groups: groups, path: path)
        }
        let counts = Set(
            [
                problems?.count, policies?.places.count, tokens?.count, easyTokens?.count, rewards?.rewards.count,
                rewards?.groups.count,
            ].compactMap { $0 })
        guard counts.count <= 1 else {
            throw CacheError(path, "has columns of \(counts.sorted()) rows, expected as many in each")
        }
    }

    /// Lines of the trajectory file; nil where nothing is known.
    var lineCount: Int? { (problems ?? policies?.places ?? rewards?.groups ?? tokens)?.count }

    /// - Throws: `FileError` where the file cannot be written.
    func write(folder: URL) throws {
        var columns: [NewTensor] = [], metadata = ["format": "pt"]
        func add(_ name: String, _ values: [Int32]?) {
            if let values { columns.append(NewTensor(name, [values.count], values, as: .i32)) }
        }
        add("problem", problems)
        if let rewards {
            let stored = rewards.stored
            columns.append(NewTensor("reward", [stored.count], stored, as: .f32))
            add("group", rewards.groups)
        }
        add("policy", policies?.places)
        add("tokens", tokens)
        add("easy_tokens", easyTokens)
        if let policies { try metadata.merge(policies.metadata()) { $1 } }
        try SafetensorsWriter.write(columns, metadata: metadata, to: folder.appendingPathComponent(Self.name).path)
    }

    /// The same with the tokens of each line counted.
    ///
    /// - Throws: ``CacheError`` for a token of a line that is not there.
    func counting(_ shards: [ShardFile], lineCount: Int) throws -> TrajectoryTable {
        var (tokens, easy) = (
            Array(repeating: Int32(0), count: lineCount), Array(repeating: Int32(0), count: lineCount)
        )
        for shard in shards {
            let lines = try shard.trajectories.values(as: Int32.self),
                ranks = try shard.labelRanks.values(as: Int32.self)
            for (line, rank) in zip(lines, ranks) {
                guard tokens.indices.contains(Int(line)) else {
                    throw CacheError(shard.file.path, "holds trajectory \(line), expected 0 to \(lineCount - 1)")
                }
                tokens[Int(line)] += 1
                easy[Int(line)] += rank == 0 ? 1 : 0
            }
            shard.file.releasePages()
        }
        var table = self
        (table.tokens, table.easyTokens) = (tokens, easy)
        return table
    }

    /// - Throws: ``CacheError`` where the table has no row for a trajectory.
    func requireRows(for trajectories: [TrajectoryIndex], folder: URL) throws {
        guard let lineCount, let last = trajectories.last, last.number >= lineCount else { return }
        throw CacheError(
            folder.appendingPathComponent(Self.name).path,
            "has \(lineCount) rows, expected one for each line of the trajectory file, at least \(last.number + 1)")
    }
}

extension HiddenStateCache {
    /// Of each line of the trajectory file the number of its problem, −1 where it has none; nil where the cache does
    /// not know them, and each trajectory counts as a problem of its own.
    public var problems: [Int32]? { table.problems }

    /// Number of problems that the trajectories belong to, those without one counting each as one of its own; nil where
    /// the cache does not know problems.
    public var problemCount: Int? { problems == nil ? nil : Set(trajectories.map(problem)).count }

    /// What is said of a cache that does not know problems.
    public static let unknownProblems =
        "which problems the trajectories belong to is not known, so that each counts as one of its own, and "
        + "completions of one problem may be on both sides of the split"

    /// What tells one cache from another: the CRC-32 of its description, which holds those of its shards, of its
    /// problems where it knows them, for these decide which trajectories are held out, and so of its rewards.
    ///
    /// - Throws: ``CacheError`` where the description cannot be read.
    public func fingerprint() throws -> String {
        let path = folder.appendingPathComponent(CacheManifest.name)
        guard let data = try? Data(file: path.path) else {
            throw CacheError(path.path, "cannot be read, expected the description of a hidden-state cache")
        }
        let description = String(data.withUnsafeBytes { CRC32.of($0) }, radix: 16)
        func digits(_ values: [Int32]) -> String {
            values.map(\.littleEndian).withUnsafeBytes { CRC32.of($0) }.hexadecimal
        }
        let earned = rewards.map { digits($0.stored.map { Int32(bitPattern: $0.bitPattern) } + $0.groups) }
        return ([description] + [problems.map(digits), earned].compactMap { $0 }).joined(separator: " ")
    }
}
