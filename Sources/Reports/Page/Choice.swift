/// One of several, to be looked at one at a time: the reader picks it from a list by its name.
///
/// Without the page's script all are shown, one below the other.
public struct Choice: Sendable {
    public struct Option: Sendable {
        /// As the list has it: a line of words.
        public var name: String
        public var blocks: [Block]

        public init(_ name: String, _ blocks: [Block]) {
            self.name = name
            self.blocks = blocks
        }
    }

    /// What is chosen, in a word or two.
    public var label: String
    /// The first is shown at the start.
    public var options: [Option]

    public init(_ label: String, _ options: [Option]) {
        self.label = label
        self.options = options
    }

    func html(_ identifiers: inout Identifiers) -> String {
        let identifier = identifiers.choice()
        let names = options.map { "<option>\(escaped($0.name))</option>" }.joined()
        let contents = options.map { option in
            "<div class=\"option\" role=\"group\" "
                + "aria-label=\"\(escaped(option.name))\">"
                + "\(option.blocks.map { $0.html(&identifiers) }.joined())</div>\n"
        }
        return """
            <div class="choice"><p class="chooser" hidden><label for="\(identifier)">\(escaped(label))</label> \
            <select id="\(identifier)">\(names)</select></p>
            \(contents.joined())</div>

            """
    }
}

/// A word or two in a frame: how something turned out.
public struct Mark: Sendable {
    /// The colour says it again; the words alone must do.
    public enum Kind: String, Sendable {
        case good, bad, plain
    }

    public var text: String
    public var kind: Kind

    public init(_ text: String, _ kind: Kind = .plain) {
        self.text = text
        self.kind = kind
    }

    var html: String { "<span class=\"mark \(kind.rawValue)\">\(escaped(text))</span>" }
}
