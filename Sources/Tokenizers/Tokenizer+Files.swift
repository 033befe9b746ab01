import Files
import Foundation

extension Tokenizer {
    /// Reads `tokenizer.json` in a model's folder, and `tokenizer_config.json` if it is there.
    public init(directory: URL) throws {
        let configuration = directory.appendingPathComponent("tokenizer_config.json")
        try self.init(
            json: Self.contents(of: directory.appendingPathComponent("tokenizer.json")),
            configuration: FileManager.default.fileExists(atPath: configuration.path)
                ? Self.contents(of: configuration) : nil)
    }

    /// Reads a tokenizer from the contents of its files.
    ///
    /// - Parameters:
    ///   - json: `tokenizer.json`.
    ///   - configuration: `tokenizer_config.json`.
    ///   - file: the file that both were made from, for messages; nil for files of those names.
    public init(json: Data, configuration: Data? = nil, file: String? = nil) throws {
        let configurationName = file ?? "tokenizer_config.json"
        try self.init(
            document: JSONNode(file: file ?? "tokenizer.json", bytes: Array(json)),
            configuration: configuration.map { try JSONNode(file: configurationName, bytes: Array($0)) },
            configurationName: configurationName)
    }

    private static func contents(of file: URL) throws -> Data {
        do {
            return try Data(file: file.path, limit: Data.largeFile)
        } catch let error as FileError where error.kind == .cannotOpen {
            throw TokenizerError.unreadable(file: file.path, reason: error.reason)
        }
    }
}

/// What `tokenizer_config.json` says about the ends of a sequence.
struct SequenceEnds {
    /// The id of `bos_token` where `add_bos_token` asks for it.
    let beginning: Int?
    /// The id of `eos_token`.
    let end: Int?

    init(configuration: JSONNode?, id: (String) -> Int?) throws {
        func tokenID(_ node: JSONNode) throws -> Int {
            // Either the token or an object that describes it.
            let content = if case .object = node.tree { try node.required("content") } else { node }
            guard let id = id(try content.string()) else { throw content.unexpected("a token of tokenizer.json") }
            return id
        }
        let addsBeginning = try configuration?["add_bos_token"]?.bool() ?? false
        beginning = addsBeginning ? try configuration.map { try tokenID($0.required("bos_token")) } : nil
        end = try configuration?["eos_token"].map(tokenID)
    }
}
