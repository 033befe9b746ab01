/// A piece of a page.
public indirect enum Block: Sendable {
    case paragraph(String)
    /// A paragraph that a reader must not miss.
    case warning(String)
    /// A heading below the section's.
    case heading(String)
    /// The few numbers that the page is about, large, side by side.
    case facts([Fact])
    case table(Table)
    /// A plot across the page.
    case figure(any Plot, caption: String? = nil)
    /// Plots side by side where there is room.
    case figures([any Plot], caption: String? = nil)
    case tokens(TokenView)
    /// Text as it is, in type of equal width: a resolved config.
    case code(String)
    /// How something turned out, in a line of framed words.
    case marks([Mark])
    /// One of several at a time.
    case choice(Choice)
    /// Closed until the reader opens it.
    case collapsible(String, [Block])

    func html(_ identifiers: inout Identifiers) -> String {
        switch self {
        case .paragraph(let text): return "<p>\(escaped(text))</p>\n"
        case .warning(let text): return "<p class=\"warning\" role=\"note\">\(escaped(text))</p>\n"
        case .heading(let text): return "<h3>\(escaped(text))</h3>\n"
        case .facts(let facts): return "<dl class=\"facts\">\(facts.map(\.html).joined())</dl>\n"
        case .table(let table): return table.html
        case .figure(let plot, let caption):
            return "<figure><div class=\"plots\">\(Self.bothLayouts(plot))</div>\(Self.caption(caption))</figure>\n"
        case .figures(let plots, let caption):
            let boxes = plots.map { "<div class=\"plots\">\(Self.bothLayouts($0))</div>" }
            return "<figure><div class=\"beside\">\(boxes.joined())</div>\(Self.caption(caption))</figure>\n"
        case .tokens(let view): return view.html(identifier: identifiers.tokens())
        case .code(let text): return "<pre tabindex=\"0\"><code>\(escaped(text))</code></pre>\n"
        case .marks(let marks): return "<p class=\"marks\">\(marks.map(\.html).joined(separator: " "))</p>\n"
        case .choice(let choice): return choice.html(&identifiers)
        case .collapsible(let title, let blocks):
            let content = blocks.map { $0.html(&identifiers) }.joined()
            return "<details><summary>\(escaped(title))</summary>\n\(content)</details>\n"
        }
    }

    /// The style sheet shows the drawing that fits; the other is not rendered, and not read out.
    private static func bothLayouts(_ plot: any Plot) -> String {
        PlotLayout.allCases.map { plot.inlineSVG($0) }.joined(separator: "\n")
    }

    private static func caption(_ caption: String?) -> String {
        caption.map { "<figcaption>\(escaped($0))</figcaption>" } ?? ""
    }
}

/// A number with its name, and what it is to be held against.
public struct Fact: Sendable {
    public var name: String
    public var value: String
    public var note: String?

    public init(_ name: String, _ value: String, note: String? = nil) {
        self.name = name
        self.value = value
        self.note = note
    }

    var html: String {
        let note = note.map { "<dd class=\"note\">\(escaped($0))</dd>" } ?? ""
        return "<div><dt>\(escaped(name))</dt><dd>\(escaped(value))</dd>\(note)</div>"
    }
}
