import Foundation
import FoundationXML

@testable import Reports

/// A folder that is gone when the test is over.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "reports-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// What an XML parser says about a document: nothing where it is well formed.
func complaint(_ xml: String) -> String? {
    let parser = XMLParser(data: Data(xml.utf8))
    return parser.parse() ? nil : parser.parserError.map { "\($0), line \(parser.lineNumber)" } ?? "unknown"
}

/// Every number that stands in an SVG file's attributes and paths.
func hasNumbersOnly(_ svg: String) -> Bool {
    let drawing = svg.replacing(/<style>.*?<\/style>/.dotMatchesNewlines(), with: "").replacing(/>[^<]*</, with: "><")
    return drawing.firstMatch(of: /(x|y|d|r|cx|cy|width|height|viewBox)="[^"]*(nan|inf|e[0-9+-])[^"]*"/.ignoresCase())
        == nil
}

/// The text between tags, in order.
func texts(_ svg: String) -> [String] {
    svg.matches(of: /<text[^>]*>([^<]*)<\/text>/).map { String($0.1) }
}

/// Repeatable numbers in [0, 1).
struct Draws {
    var state: UInt64

    mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}

/// Plots of every kind, with ordinary values and with odd ones.
func examplePlots(_ name: String) -> [any Plot] {
    let odd: [Double] = [0, -1, .leastNonzeroMagnitude, .nan, .infinity, -.infinity, 1e300, -1e300, 5, 5, 1e-9]
    let plain: [Double] = (0..<40).map { 2 + sin(Double($0)) }
    return [[], [7], [3, 3, 3], plain, odd, [.nan]].flatMap { values -> [any Plot] in
        let points = values.enumerated().map { Point(Double($0), $1) }
        let band = Line.Band(x: points.map(\.x), lower: values.map { $0 - 1 }, upper: values.map { $0 + 1 })
        let references = [
            ReferenceLine(name, at: 2.5), ReferenceLine(name, at: 4, .vertical), ReferenceLine(name, at: .nan),
        ]
        let slices = values.enumerated().map {
            HistogramsOverTime.Slice(at: Double($0), Histogram(of: [$1, $1 + 1, 0], bins: 8))
        }
        let lines =
            Line.smoothed(name, points, window: 3) + [
                Line(name, points, band: band, stroke: .dashed, showsPoints: true)
            ]
        return [
            LineChart(name, x: Axis(name), y: Axis(name), lines: lines, references: references),
            LineChart(
                name, x: Axis(name, scale: .logarithmic), y: Axis(name, scale: .logarithmic, range: 0...1),
                lines: (0..<12).map { Line("\(name)\($0)", points) }, summary: name),
            HistogramsOverTime(name, x: Axis(name), y: Axis(name), slices: slices, references: references),
            DensityPlot(name, x: Axis(name), y: Axis(name), points: points),
            DensityPlot(name, x: Axis(name), y: Axis(name), points: points.map { Point($0.y, $0.y) }, colour: 99),
            BoxPlot(name, y: Axis(name), groups: values.map { .init(name, [$0, 1, 2]) }, references: references),
            BoxPlot(name, y: Axis(name), groups: [.init(name, values)]),
            IntervalChart(
                name, x: Axis(name), rows: values.map { .init(name, $0, interval: -1...2, isEmphasised: $0 > 2) },
                reference: references[0]),
            IntervalChart(
                name, x: Axis(name),
                groups: [
                    .init(name, values.map { .init(name, $0, interval: -1...2, colour: 99) }), .init(name, []),
                    .init(nil, [.init(name, 1)]),
                ]),
        ]
    }
}
