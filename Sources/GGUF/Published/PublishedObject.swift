import Files
import Foundation

/// A JSON object that is written member by member.
struct PublishedObject {
    private var members = JSONMembers()

    var data: Data { Data(members.text.utf8) }
    /// Without the end of the line, as the value of a member.
    var text: String { members.text.trimmingCharacters(in: .newlines) }

    mutating func set(_ name: String, _ number: Int) { members[name] = String(number) }
    mutating func set(_ name: String, _ bool: Bool) { members[name] = String(bool) }
    mutating func set(_ name: String, text: String) { members.set(name, string: text) }
    mutating func set(_ name: String, texts: [String]) { set(name, list: texts.map(JSONMembers.quote)) }
    mutating func set(_ name: String, list: [String]) { members[name] = "[\(list.joined(separator: ", "))]" }
    mutating func set(_ name: String, object: PublishedObject) { members[name] = object.text }

    /// A finite number; of one that came from 32 bits the digits that it has there: 1e-05, not 9.999999747378752e-06.
    mutating func set(_ name: String, number: Double) {
        let narrow = Float(number)
        members[name] = Double(narrow) == number ? narrow.description : number.description
    }
}
