import Files
import Foundation

/// A report: one HTML file that needs nothing else, neither network nor fonts nor scripts from elsewhere, and
/// follows the reader's setting of light or dark.
///
///     var page = Page("Training report", subtitle: "Countdown, 400 steps")
///     page.add("Loss", [.paragraph("…"), .figure(chart, caption: "Validation loss every 20 steps.")])
///     try page.write(to: "run/report.html")
///
/// All text is plain text and is escaped; no HTML can be passed in.
public struct Page: Sendable {
    public var title: String
    public var subtitle: String?
    /// A BCP 47 tag for the words of the page.
    public var language: String
    public private(set) var sections: [Section] = []

    public struct Section: Sendable {
        public var title: String
        public var blocks: [Block]
    }

    public init(_ title: String, subtitle: String? = nil, language: String = "en") {
        self.title = title
        self.subtitle = subtitle
        self.language = language
    }

    /// Appends a section.
    public mutating func add(_ title: String, _ blocks: [Block]) {
        sections.append(Section(title: title, blocks: blocks))
    }

    /// The whole file.
    public var html: String {
        var identifiers = Identifiers()
        let contents = sections.enumerated().map { "<a href=\"#section-\($0 + 1)\">\(escaped($1.title))</a>" }
        let body = sections.enumerated().map { index, section in
            "<section id=\"section-\(index + 1)\"><h2>\(escaped(section.title))</h2>\n"
                + section.blocks.map { $0.html(&identifiers) }.joined() + "</section>\n"
        }
        return """
            <!DOCTYPE html>
            <html lang="\(escaped(language))">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(escaped(title))</title>
            <link rel="icon" href="data:,">
            <style>
            \(PageStyle.css)
            \(PlotStyle.css)
            </style>
            </head>
            <body>
            <header><h1>\(escaped(title))</h1>\(subtitle.map { "<p>\(escaped($0))</p>" } ?? "")
            \(contents.count > 1 ? "<nav aria-label=\"Sections\">\(contents.joined(separator: " "))</nav>" : "")\
            </header>
            <main>
            \(body.joined())</main>
            \(identifiers.scripts.map { "<script>\($0)</script>" } ?? "")
            </body>
            </html>

            """
    }

    /// Writes the file whole or not at all.
    public func write(to path: String) throws {
        do {
            try AtomicFile.write(Data(html.utf8), to: path)
        } catch let error as FileError {
            throw ReportsError(path, "the page cannot be written: \(error.reason)")
        }
    }
}

/// Names that occur once on a page.
struct Identifiers {
    private var texts = 0
    private var choices = 0

    mutating func tokens() -> String {
        texts += 1
        return "tokens-\(texts)"
    }

    mutating func choice() -> String {
        choices += 1
        return "choice-\(choices)"
    }

    /// What the page needs for what it holds.
    var scripts: String? {
        let scripts = (texts > 0 ? [PageScript.tokenKeys] : []) + (choices > 0 ? [PageScript.choices] : [])
        return scripts.isEmpty ? nil : scripts.joined(separator: "\n")
    }
}
