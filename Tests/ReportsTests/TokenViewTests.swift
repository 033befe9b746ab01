import Testing
@testable import Reports

struct TokenViewTests {
    private func html(_ tokens: [TokenView.Token]) -> String {
        TokenView("Problem 17", prompt: "2 < 3\n", tokens: tokens).html(identifier: "tokens-1")
    }

    @Test func lineBreaksAndTabsAreSeenAndKept() {
        let html = html([.init(" a\n\n\tb\r", temperature: 1, topP: 1)])
        #expect(
            html.contains(
                "> a<i class=\"break\"></i>\n<i class=\"break\"></i>\n<i class=\"tab\"></i>\tb<i "
                    + "class=\"return\"></i></span>"
            ))
        #expect(html.contains("<span class=\"prompt\">2 &lt; 3<i class=\"break\"></i>\n</span>"))
    }

    @Test func aCarriageReturnAndLineFeedAreTwoSigns() {
        // Swift sees one character in the two; readers of a tokenizer's output need both.
        #expect(
            html([.init("\r\n", temperature: 1, topP: 1)]).contains("<i class=\"return\"></i><i class=\"break\"></i>\n")
        )
    }

    @Test func everyTokenCarriesItsNumbers() {
        let html = html([
            .init("<|im_end|>", temperature: 0.83456, topP: 0.95, probability: 0.00042, entropy: 1.5),
            .init("\n", temperature: 1, topP: 1),
        ])
        #expect(
            html.contains("data-n=\"“&lt;|im_end|&gt;” · T̂ 0.835 · P̂ 0.950 · probability 4.2×10⁻⁴ · entropy 1.500\""))
        #expect(html.contains("data-n=\"“⏎” · T̂ 1.000 · P̂ 1.000\""))
    }

    @Test func shadesGrowWithTheDistanceFromOne() {
        let tokens = [0.5, 0.75, 1, 1.25, 1.5].map { TokenView.Token("a", temperature: $0, topP: min($0, 1)) }
        let shading = TokenView.Shading(tokens)
        #expect(shading.temperatureReach == 0.5 && shading.topPReach == 0.5)
        #expect(tokens.map(shading.classes) == [["b10", "p10"], ["b5", "p5"], [], ["a5"], ["a10"]])
    }

    @Test func equalTokensHaveAFaintShadeOnly() {
        let tokens = [TokenView.Token("a", temperature: 1.01, topP: 0.999)]
        #expect(TokenView.Shading(tokens).classes(tokens[0]) == ["a2"])
    }

    @Test func valuesThatAreNotFiniteHaveNoShade() {
        let tokens = [TokenView.Token("a", temperature: .nan, topP: .infinity)]
        #expect(TokenView.Shading(tokens).classes(tokens[0]) == [])
        #expect(html(tokens).contains("T̂ – · P̂ –"))
    }

    @Test func everyShadeHasARule() {
        for level in 1...TokenView.Shading.levels {
            for letter in ["a", "b", "p"] {
                #expect(
                    PageStyle.css.contains(".text .\(letter)\(level),")
                        || PageStyle.css.contains(".text .\(letter)\(level){"))
            }
        }
    }

    @Test func anEmptyTokenIsSeen() {
        #expect(html([.init("", temperature: 1, topP: 1)]).contains("><i class=\"empty\"></i></span>"))
    }
}
