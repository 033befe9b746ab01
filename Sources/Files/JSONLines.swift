import Foundation

/// Reads a file of JSON objects, one a line, as a stream: memory is that of the longest line.
///
/// Empty lines count and are passed over, and so are byte order marks in front of lines. ``JSONText`` says what is read
/// beyond the standard. A class because it owns the open file.
public final class JSONLines {
    /// The file's path.
    public let path: String
    /// Number of the line that was read last, from 1; 0 before the first.
    public private(set) var lineNumber = 0
    /// What a line should be, for messages: "such as {…}".
    private let form: String
    private let file: UnsafeMutablePointer<FILE>
    private var buffer: UnsafeMutablePointer<CChar>?
    private var capacity = 0
    private let decoder = JSONDecoder()

    /// - Throws: ``JSONLinesError`` where the file cannot be opened.
    public init(path: String, form: String) throws {
        (self.path, self.form) = (path, form)
        guard let file = fopen(path, "re") else {
            throw JSONLinesError(
                "\(path): cannot be read (\(String(cString: strerror(errno)))), expected JSON objects, one a line")
        }
        self.file = file
    }

    deinit {
        fclose(file)
        free(buffer)
    }

    /// Decodes the next line that is not empty; nil at the end of the file.
    ///
    /// - Throws: ``JSONLinesError`` with file and line.
    public func next<Line: Decodable>(_ type: Line.Type = Line.self) throws -> Line? {
        while let line = try readLine() {
            if line.allSatisfy({ " \t\r\n".utf8.contains($0) }) { continue }
            if lineNumber == 1, let pointer = GitLFSPointer(line) { throw fault(pointer.words) }
            lineText = JSONText(Array(line))
            if let words = lineText.fault { throw fault("\(words), expected \(form)") }
            return try again(type, form: form)
        }
        return nil
    }

    /// Decodes the line that was decoded last, now as something else.
    ///
    /// - Parameter form: what the line should be then, for messages.
    /// - Throws: ``JSONLinesError`` with file and line.
    public func again<Line: Decodable>(_ type: Line.Type, form: String) throws -> Line {
        do { return try decoder.decode(Line.self, from: lineText.readable) } catch let error as DecodingError {
            let isJSON = (try? JSONSerialization.jsonObject(with: lineText.readable, options: .fragmentsAllowed)) != nil
            throw fault("\(isJSON ? error.inWords : "is not JSON"), expected \(form)")
        }
    }

    /// The line that was decoded last, as it stands in the file.
    public private(set) var lineText = JSONText([])

    /// Passes over lines without looking at them.
    public func skip(_ count: Int) throws {
        for _ in 0..<count { if try readLine() == nil { return } }
    }

    /// The error that something is wrong with the line that was read last.
    public func fault(_ words: String) -> JSONLinesError { JSONLinesError("\(path), line \(lineNumber): \(words)") }

    /// The next line's bytes, which hold until the next call.
    private func readLine() throws -> UnsafeRawBufferPointer? {
        errno = 0
        let count = getline(&buffer, &capacity, file)
        if count < 0 {
            guard ferror(file) == 0 else {
                throw JSONLinesError("\(path): cannot be read: \(String(cString: strerror(errno)))")
            }
            return nil
        }
        lineNumber += 1
        let line = UnsafeRawBufferPointer(start: buffer, count: count)
        return line.starts(with: JSONText.byteOrderMark) ? UnsafeRawBufferPointer(rebasing: line.dropFirst(3)) : line
    }
}

/// What is wrong with a file of JSON lines, in one sentence.
public struct JSONLinesError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence that says what is wrong.
    public let description: String

    /// An error with a sentence of its own.
    public init(_ description: String) { self.description = description }
}

/// A text, or a number that stands for one: published files write answers and ids either way. Who needs the number as
/// it is written looks at the line.
public struct TextOrNumber: Decodable, Sendable {
    /// The value as text.
    public let text: String

    /// Reads a value of one of the types that are accepted.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let whole = try? container.decode(Int.self) {
            text = String(whole)
        } else if let number = try? container.decode(Double.self) {
            text = String(number)
        } else {
            text = try container.decode(String.self)
        }
    }
}

extension DecodingError {
    /// The array's element that is to blame, from 0; nil for a file that is no array.
    public var element: Int? {
        switch self {
        case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            context.codingPath.first?.intValue
        @unknown default: nil
        }
    }

    /// What was found, without the decoder's own names.
    public var inWords: String {
        switch self {
        case .keyNotFound(let key, _): "has no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            Self.member(context).map { "\($0) has another type" } ?? "is no JSON object"
        // A fraction where a whole number is expected counts as corrupted, too.
        case .dataCorrupted(let context): "\(Self.member(context) ?? "a number in it") has another type"
        @unknown default: "is not as expected"
        }
    }

    /// The member of the line's object that is to blame.
    private static func member(_ context: Context) -> String? {
        context.codingPath.first { $0.intValue == nil }?.stringValue
    }
}
