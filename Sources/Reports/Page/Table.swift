/// A table with headings: words at the left, numbers at the right with as many decimals as their column says.
public struct Table: Sendable {
    public struct Column: Sendable {
        public var name: String
        /// Stands in the heading, never in the cells.
        public var unit: String?
        /// Decimals of its numbers; nil for words.
        public var decimals: Int?

        /// A column of words.
        public static func text(_ name: String) -> Column { Column(name: name, unit: nil, decimals: nil) }

        /// A column of numbers.
        public static func number(_ name: String, unit: String? = nil, decimals: Int = 2) -> Column {
            Column(name: name, unit: unit, decimals: decimals)
        }
    }

    public enum Cell: Sendable, ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
        case text(String)
        /// Not finite: a dash.
        case number(Double)
        /// "81.2 ± 0.7"
        case spread(Double, plusMinus: Double)
        /// "81.2 (79.9 to 82.4)"
        case interval(Double, ClosedRange<Double>)
        /// A dash.
        case missing

        public init(stringLiteral value: String) { self = .text(value) }
        public init(floatLiteral value: Double) { self = .number(value) }
        public init(integerLiteral value: Int) { self = .number(Double(value)) }
    }

    public struct Row: Sendable, ExpressibleByArrayLiteral {
        public var cells: [Cell]
        /// The row that the table is about.
        public var isEmphasised: Bool
        /// In place of cells: the name of the rows that follow.
        var heading: String?

        public init(_ cells: [Cell], isEmphasised: Bool = false) {
            self.cells = cells
            self.isEmphasised = isEmphasised
        }

        /// A line across the table that names the rows below it, up to the next one.
        public static func group(_ name: String) -> Row {
            var row = Row([])
            row.heading = name
            return row
        }

        public init(arrayLiteral cells: Cell...) { self.init(cells) }
    }

    public var caption: String?
    public var columns: [Column]
    /// Missing cells at the end of a row are dashes; surplus ones are left out.
    public var rows: [Row]

    public init(_ caption: String? = nil, columns: [Column], rows: [Row] = []) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
    }

    /// In a box of its own that scrolls sideways, so that a wide table does not widen the page.
    var html: String {
        let headings = columns.map { column in
            let unit = column.unit.map { " <span class=\"unit\">\(escaped($0))</span>" } ?? ""
            return
                "<th scope=\"col\"\(column.decimals == nil ? "" : " class=\"number\"")>"
                + "\(escaped(column.name))\(unit)</th>"
        }
        let body = rows.enumerated().map { number, row in
            if let heading = row.heading {
                // A group is a body of its own, so that its name is read out with its rows.
                let body = number == 0 ? "" : "</tbody>\n<tbody>"
                return
                    "\(body)<tr class=\"group\"><th scope=\"rowgroup\" "
                    + "colspan=\"\(columns.count)\">\(escaped(heading))</th></tr>\n"
            }
            let cells = columns.enumerated().map { index, column in
                let cell = index < row.cells.count ? row.cells[index] : .missing
                let tag = index == 0 && column.decimals == nil ? "th" : "td"
                let scope = tag == "th" ? " scope=\"row\"" : ""
                return
                    "<\(tag)\(scope)\(column.decimals == nil ? "" : " class=\"number\"")>"
                    + "\(escaped(text(cell, column)))</\(tag)>"
            }
            return "<tr\(row.isEmphasised ? " class=\"emphasised\"" : "")>\(cells.joined())</tr>\n"
        }
        let name = caption.map { "<caption>\(escaped($0))</caption>" } ?? ""
        let label = caption.map { " aria-label=\"\(escaped($0))\" role=\"region\"" } ?? ""
        return
            "<div class=\"scrolls\" tabindex=\"0\"\(label)><table>\(name)<thead><tr>\(headings.joined())</tr></thead>\n"
            + "<tbody>\(body.joined())</tbody></table></div>\n"
    }

    private func text(_ cell: Cell, _ column: Column) -> String {
        let fixed = { NumberText.fixed($0, decimals: column.decimals ?? 2) }
        switch cell {
        case .text(let text): return text
        case .number(let value): return column.decimals == nil ? NumberText.short(value) : fixed(value)
        case .spread(let value, let plusMinus): return "\(fixed(value)) ± \(fixed(plusMinus))"
        case .interval(let value, let ends):
            return "\(fixed(value)) (\(fixed(ends.lowerBound)) to \(fixed(ends.upperBound)))"
        case .missing: return "–"
        }
    }
}
