import Files
import Foundation

/// Multiple-choice problems in either of their published forms.
///
/// | form | element |
/// |---|---|
/// | `problem` | `{"problem": "…", "gt": "C"}`: options stand in the text |
/// | `question` | `{"question": "…", "options": ["…", "…"], "answer": "C"}`; `answer` may be the option's index from 0, `question_id` may be there |
///
/// `prompt` is read as `problem`, and there `answer` as `gt`. Options are put under the question, one a line: `A. …`.
struct ChoiceElement: Decodable {
    private let id: TextOrNumber?
    private let text: String
    private let options: [String]?
    private let answer: LetterOrIndex

    private enum Keys: String, CodingKey {
        case id, questionID = "question_id", problem, prompt, gt, question, options, answer, completion
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        id =
            try container.decodeIfPresent(TextOrNumber.self, forKey: .id)
            ?? container.decodeIfPresent(TextOrNumber.self, forKey: .questionID)
        if container.contains(.question) {
            text = try container.decode(String.self, forKey: .question)
            options = try container.decode([String].self, forKey: .options)
            answer = try container.decode(LetterOrIndex.self, forKey: .answer)
        } else {
            let name: Keys = !container.contains(.problem) && container.contains(.prompt) ? .prompt : .problem
            // A line that brings its completion needs no question.
            text =
                container.contains(name) || !container.contains(.completion)
                ? try container.decode(String.self, forKey: name) : ""
            options = nil
            let key: Keys = !container.contains(.gt) && container.contains(.answer) ? .answer : .gt
            answer = .letter(try container.decode(String.self, forKey: key))
        }
    }

    /// - Throws: what `fault` makes of a sentence about this element.
    func problem(place: Int, fault: (String) -> JSONLinesError) throws -> Problem {
        let letters = ChoiceVerifier.letters
        if let options, !(2...letters.count ~= options.count) {
            throw fault("has \(counted(options.count, "option")), expected 2 to \(letters.count)")
        }
        let known = letters.prefix(options?.count ?? letters.count), range = "\(known[0]) to \(known[known.count - 1])"
        let right: Character
        switch answer {
        case .letter(let text):
            guard let letter = text.first, text.count == 1, known.contains(letter) else {
                throw fault("the answer is \"\(text)\", expected a letter from \(range)")
            }
            right = letter
        case .index(let index):
            guard known.indices.contains(index) else {
                throw fault("the answer is \(index), expected an index from 0 to \(known.count - 1)")
            }
            right = known[index]
        }
        let lines = [text] + (options ?? []).enumerated().map { "\(letters[$0]). \($1)" }
        return Problem(id: id?.text ?? "\(place)", text: lines.joined(separator: "\n"), answer: .text(String(right)))
    }

    /// Reads a file that holds one JSON array; nil where the file holds something else.
    static func readArray(_ path: String) throws -> [Problem]? {
        guard let file = try? Data(file: path, limit: Data.largeFile) else { return nil }
        let content = file.starts(with: JSONText.byteOrderMark) ? file.dropFirst(JSONText.byteOrderMark.count) : file
        guard content.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "[") else { return nil }
        let json = JSONText(Array(content))
        if let words = json.fault {
            // The problem that is to blame, where one is.
            let place = json.elements?.firstIndex { JSONText(Array($0)).fault != nil }
            throw JSONLinesError("\(path)\(place.map { ", problem \($0 + 1)" } ?? ""): \(words), expected \(form)")
        }
        let elements: [ChoiceElement]
        do { elements = try JSONDecoder().decode([ChoiceElement].self, from: json.readable) } catch let error
            as DecodingError
        {
            guard (try? JSONSerialization.jsonObject(with: json.readable)) != nil else {
                throw JSONLinesError("\(path): is not JSON, expected \(form)")
            }
            throw JSONLinesError("\(path), problem \((error.element ?? 0) + 1): \(error.inWords), expected \(form)")
        }
        return try elements.enumerated().map { place, element in
            try element.problem(place: place + 1) { JSONLinesError("\(path), problem \(place + 1): \($0)") }
        }
    }

    static let form =
        #"such as {"question": "2+2?", "options": ["3", "4"], "answer": "B"} "#
        + #"or {"problem": "2+2? A. 3 B. 4", "gt": "B"}"#

    private enum LetterOrIndex: Decodable {
        case letter(String), index(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                if let index = try? container.decode(Int.self) { .index(index) } else {
                    .letter(try container.decode(String.self))
                }
        }
    }
}
