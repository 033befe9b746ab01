import Backbone
import Foundation
import Generation
import Terminal

/// Prints samples one after another, though all are decoded at once: the first that is not done streams, the others
/// wait.
struct SamplePrinter {
    let console: Console
    let samples: Int
    let shading: Shading?
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    /// The sample that streams.
    private var current = 0
    private var isDone: [Bool]
    private var hasHeading = false
    private var endsLine = true

    init(console: Console, samples: Int, shading: Shading?) {
        (self.console, self.samples, self.shading) = (console, samples, shading)
        isDone = Array(repeating: false, count: samples)
    }

    /// Prints what is new in a sample's text, if it is its turn.
    mutating func show(_ text: inout CompletionText, of sample: Int) throws {
        guard sample == current else { return }
        try printHeading()
        for span in text.takeNew() {
            let safe = isTerminal ? span.text.withVisibleControls : span.text
            try console.write(shading?.shaded(safe, temperature: span.temperature) ?? safe)
            endsLine = span.text.utf8.last == UInt8(ascii: "\n")
        }
    }

    /// A sample is done: if it was its turn, the next ones follow, as far as they are there.
    mutating func finish(_ texts: inout [CompletionText], _ sample: Int) throws {
        isDone[sample] = true
        while current < samples, isDone[current] { try close(&texts) }
        if current < samples, texts[current].hasText { try show(&texts[current], of: current) }
    }

    /// Nothing more comes: prints the rest of samples that were interrupted.
    mutating func end(_ texts: inout [CompletionText]) throws {
        while current < samples {
            // No headings for samples that never began.
            if isDone[current] || texts[current].hasText { try close(&texts) } else { current += 1 }
        }
    }

    /// Prints the rest of the current sample and a line break, and goes on to the next.
    private mutating func close(_ texts: inout [CompletionText]) throws {
        try show(&texts[current], of: current)
        if !endsLine { try console.write("\n") }
        (current, hasHeading, endsLine) = (current + 1, false, true)
    }

    private mutating func printHeading() throws {
        guard samples > 1, !hasHeading else { return }
        try console.write("\(current > 0 ? "\n" : "")── sample \(current + 1) of \(samples) ──\n")
        hasHeading = true
    }
}

extension String {
    /// With pictures of control characters in their place, so that a text cannot command the terminal that shows it.
    fileprivate var withVisibleControls: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0x09, 0x0A: scalar
                    case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
                    case 0x7F: "\u{2421}"
                    case 0x80..<0xA0: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}
