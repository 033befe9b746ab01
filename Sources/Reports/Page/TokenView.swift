/// A text as a model wrote it, token by token, shaded by temperature or by top-p. A switch chooses between the two;
/// pointing at a token, tapping it, or walking there with the arrow keys shows its numbers.
public struct TokenView: Sendable {
    public struct Token: Sendable {
        /// As the tokenizer gives it, line breaks and all.
        public var text: String
        /// T̂ in (0, 2), and P̂ in (0, 1).
        public var temperature, topP: Double
        /// Of this token under the model, in [0, 1], and the entropy of that distribution in nats; whether at T = 1 or
        /// at T̂, a caption says.
        public var probability, entropy: Double?

        public init(
            _ text: String, temperature: Double, topP: Double, probability: Double? = nil, entropy: Double? = nil
        ) {
            self.text = text
            self.temperature = temperature
            self.topP = topP
            self.probability = probability
            self.entropy = entropy
        }
    }

    public var title: String
    /// What the model was given; stands in front, unshaded.
    public var prompt: String?
    public var tokens: [Token]

    public init(_ title: String, prompt: String? = nil, tokens: [Token]) {
        self.title = title
        self.prompt = prompt
        self.tokens = tokens
    }

    /// How numbers become shades: T̂ around 1, warm above and cool below; P̂ from 1 down, darker where more is cut off.
    /// The darkest shade is the largest deviation in this text, so that narrow ranges are seen, and the legend says
    /// what it is.
    struct Shading: Equatable {
        static let levels = 10
        /// |T̂ − 1| of the darkest shade, at least 0.05.
        let temperatureReach: Double
        /// 1 − P̂ of the darkest shade, at least 0.05.
        let topPReach: Double

        init(_ tokens: [Token]) {
            temperatureReach = max(tokens.map { abs($0.temperature - 1) }.filter(\.isFinite).max() ?? 0, 0.05)
            topPReach = max(tokens.map { 1 - $0.topP }.filter(\.isFinite).max() ?? 0, 0.05)
        }

        /// Classes of a token: `a7` for above 1, `b7` for below, `p7` for top-p; none at level 0.
        func classes(_ token: Token) -> [String] {
            let deviation = Self.level((token.temperature - 1) / temperatureReach)
            let cut = Self.level((1 - token.topP) / topPReach)
            return (deviation == 0 ? [] : [(deviation > 0 ? "a" : "b") + String(abs(deviation))])
                + (cut <= 0 ? [] : ["p\(cut)"])
        }

        private static func level(_ share: Double) -> Int {
            share.isFinite ? Int((min(max(share, -1), 1) * Double(levels)).rounded()) : 0
        }
    }

    /// - Parameter identifier: unique on the page.
    func html(identifier: String) -> String {
        let shading = Shading(tokens)
        let reach = shading.temperatureReach
        let temperature = [max(1 - reach, 0), 1, 1 + reach].map { NumberText.fixed($0, decimals: 2) }
        let topP = [max(1 - shading.topPReach, 0), 1].map { NumberText.fixed($0, decimals: 2) }
        let given = prompt.map { "<span class=\"prompt\">\(Self.visible($0))</span>" } ?? ""
        return """
            <section class="tokens" aria-label="\(escaped(title))"><h3>\(escaped(title))</h3>
            <input type="radio" class="by-t" name="\(identifier)" id="\(identifier)-t" checked>\
            <label for="\(identifier)-t">Temperature T̂</label>
            <input type="radio" class="by-p" name="\(identifier)" id="\(identifier)-p">\
            <label for="\(identifier)-p">Top-p P̂</label>
            <div class="scale t"><span>\(temperature[0])</span>\(ramp("b", reversed: true))\
            <i>\(temperature[1])</i>\(ramp("a"))<span>\(temperature[2])</span></div>
            <div class="scale p"><span>\(topP[1])</span>\(ramp("p"))<span>\(topP[0])</span></div>
            <p class="text">\(given)\(tokens.map { element($0, shading) }.joined())</p>
            <output class="spoken" aria-live="polite"></output></section>

            """
    }

    private func ramp(_ letter: String, reversed: Bool = false) -> String {
        let levels = Array(1...Shading.levels)
        return (reversed ? levels.reversed() : levels).map { "<b class=\"\(letter)\($0)\"></b>" }.joined()
    }

    private func element(_ token: Token, _ shading: Shading) -> String {
        let classes = shading.classes(token).joined(separator: " ")
        return
            "<span\(classes.isEmpty ? "" : " class=\"\(classes)\"") "
            + "data-n=\"\(escaped(numbers(token)))\">\(Self.visible(token.text))</span>"
    }

    private func numbers(_ token: Token) -> String {
        var parts = [Self.quoted(token.text)]
        parts.append("T̂ \(NumberText.fixed(token.temperature, decimals: 3))")
        parts.append("P̂ \(NumberText.fixed(token.topP, decimals: 3))")
        if let probability = token.probability { parts.append("probability \(NumberText.short(probability))") }
        if let entropy = token.entropy { parts.append("entropy \(NumberText.fixed(entropy, decimals: 3))") }
        return parts.joined(separator: " · ")
    }

    /// A token on one line: line breaks and tabs as their signs.
    private static func quoted(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += "⏎"
            case "\t": line += "⇥"
            case "\r": line += "␍"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return "“\(line)”"
    }

    /// Text with signs where a reader would see nothing. The signs are the style sheet's, so that copying gives the
    /// text alone.
    private static func visible(_ text: String) -> String {
        guard !text.isEmpty else { return "<i class=\"empty\"></i>" }
        var result = ""
        var plain = ""
        for scalar in text.unicodeScalars {
            guard scalar == "\n" || scalar == "\t" || scalar == "\r" else {
                plain.unicodeScalars.append(scalar)
                continue
            }
            result += escaped(plain)
            plain = ""
            switch scalar {
            case "\n": result += "<i class=\"break\"></i>\n"
            case "\t": result += "<i class=\"tab\"></i>\t"
            default: result += "<i class=\"return\"></i>"
            }
        }
        return result + escaped(plain)
    }
}
