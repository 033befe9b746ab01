import Foundation
import Terminal

/// Backgrounds for temperatures: blue for those that hardly leave a choice, grey around 1, red for high ones.
struct Shading {
    /// Whether the terminal shows 24-bit colours; else the nearest of the usual 256.
    let isTrueColor: Bool

    /// Colours at these temperatures, all dark enough for white letters; between them they are mixed.
    private static let anchors: [(temperature: Double, color: SIMD3<Double>)] = [
        (0, [25, 45, 130]), (0.5, [15, 95, 110]), (1, [80, 80, 80]), (1.5, [150, 85, 15]), (2, [170, 25, 40]),
    ]
    private static let reset = "\u{1B}[0m"

    /// Shading for stdout, with a legend on stderr; nil and a note where stdout is no terminal.
    static func ofTerminal(_ console: Console) -> Shading? {
        let environment = ProcessInfo.processInfo.environment
        guard isatty(STDOUT_FILENO) == 1, environment["TERM"] != "dumb" else {
            console.note("--color has no effect: the output is no terminal that shows colours")
            return nil
        }
        let shading = Shading(isTrueColor: ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? ""))
        if isatty(STDERR_FILENO) == 1 {
            console.note(
                "temperature: "
                    + anchors.map {
                        shading.shaded(String(format: " %.1f ", $0.temperature), temperature: $0.temperature)
                    }.joined())
        }
        return shading
    }

    /// The text on its background; line breaks stay outside, so that lines are not filled to the right.
    func shaded(_ text: String, temperature: Double) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : background(temperature) + $0 + Self.reset }
            .joined(separator: "\n")
    }

    private func background(_ temperature: Double) -> String {
        let color = Self.color(temperature)
        if isTrueColor { return "\u{1B}[38;5;231;48;2;\(Int(color.x));\(Int(color.y));\(Int(color.z))m" }
        // The cube's levels are 0, 95, 135, 175, 215 and 255.
        let levels = (0..<3).map { color[$0] < 48 ? 0 : min(5, max(1, Int(((color[$0] - 55) / 40).rounded()))) }
        return "\u{1B}[38;5;231;48;5;\(16 + 36 * levels[0] + 6 * levels[1] + levels[2])m"
    }

    private static func color(_ temperature: Double) -> SIMD3<Double> {
        guard let above = anchors.firstIndex(where: { $0.temperature >= temperature }) else {
            return anchors[anchors.count - 1].color
        }
        guard above > 0 else { return anchors[0].color }
        let (low, high) = (anchors[above - 1], anchors[above])
        let share = (temperature - low.temperature) / (high.temperature - low.temperature)
        return low.color + (high.color - low.color) * share
    }
}
