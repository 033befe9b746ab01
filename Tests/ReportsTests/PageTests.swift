import Foundation
import Testing
@testable import Reports

struct PageTests {
    private let hostile = "</script><script>alert(1)</script><img src=x onerror=\"a()\">' \" & \u{202E}\u{0}<\u{0301}i>"

    private func everything(_ text: String, plots: String? = nil) -> Page {
        let plots = plots ?? text
        var page = Page(text, subtitle: text, language: text)
        let token = TokenView.Token(text, temperature: 0.7, topP: 0.9, probability: 0.1, entropy: 2)
        let view = TokenView(text, prompt: text, tokens: [token, .init("\n\n", temperature: 1.2, topP: 0.5)])
        let table = Table(
            text, columns: [.text(text), .number(text, unit: text)],
            rows: [.group(text), [.text(text), 1.25], .group(text), [.text(text), .text(text)]])
        page.add(
            text,
            [
                .paragraph(text), .warning(text), .heading(text), .facts([Fact(text, text, note: text)]), .table(table),
                .code(text),
                .figures(examplePlots(plots), caption: text), .tokens(view),
                .collapsible(text, [.tokens(view), .paragraph(text)]),
                .marks([Mark(text, .good), Mark(text)]),
                .choice(Choice(text, [.init(text, [.tokens(view)]), .init(text, [.choice(Choice(text, []))])])),
            ])
        page.add(text, [.figure(LineChart(plots, x: Axis(plots), y: Axis(plots), lines: []), caption: text)])
        return page
    }

    @Test func noTextBecomesMarkup() {
        let html = everything(hostile).html
        #expect(html.matches(of: /<script/).count == 1)
        #expect(
            !html.contains("<img") && !html.contains("<\u{0301}i") && !html.contains("\u{202E}")
                && !html.contains("\u{0}"))
        #expect(!html.contains("onerror=\""))
        #expect(html.contains("&lt;/script&gt;"))
    }

    /// Both pages have the same tags and attributes: text of a reader's choice changes text alone.
    /// Plots keep their names here: a longer one may take another line.
    @Test func hostileTextLeavesThePagesStructureAlone() {
        #expect(tags(everything(hostile, plots: "plain").html).names == tags(everything("plain").html).names)
    }

    @Test func everyTagIsClosed() {
        #expect(tags(everything("plain").html).unbalanced == [])
    }

    @Test func thePageNeedsNothingFromElsewhere() {
        let html = everything("plain").html
        #expect(html.firstMatch(of: /(src|href|action|xlink:href)="(?!#|data:,")/) == nil)
        #expect(html.firstMatch(of: /https?:|@import|url\(|fetch\(|import\(/) == nil)
    }

    @Test func identifiersOccurOnce() {
        let identifiers = everything("plain").html.matches(of: /\ id="([^"]*)"/).map { String($0.1) }
        #expect(identifiers.count == 10 && Set(identifiers).count == 10)
    }

    @Test func aPageWithoutTokensHasNoScript() {
        var page = Page("a")
        page.add("b", [.paragraph("c")])
        #expect(!page.html.contains("<script"))
    }

    @Test func aPageHasTheScriptsThatItNeeds() {
        let view = TokenView("a", tokens: []),
            choice = Choice("one", [.init("a", [.paragraph("b")]), .init("c", [.paragraph("d")])])
        func html(_ blocks: [Block]) -> String {
            var page = Page("a")
            page.add("b", blocks)
            return page.html
        }
        #expect(
            html([.tokens(view)]).contains(PageScript.tokenKeys) && !html([.tokens(view)]).contains(PageScript.choices))
        #expect(
            html([.choice(choice)]).contains(PageScript.choices)
                && !html([.choice(choice)]).contains(PageScript.tokenKeys))
        let both = html([.collapsible("c", [.choice(Choice("one", [.init("a", [.tokens(view)])]))])])
        #expect(both.contains(PageScript.choices) && both.contains(PageScript.tokenKeys))
    }

    /// The script shows the list and hides all but one option: without it nothing is out of reach.
    @Test func everyOptionOfAChoiceIsShownWithoutTheScript() {
        var identifiers = Identifiers()
        let html = Choice("Pick", [.init("first <", [.paragraph("one")]), .init("second", [.paragraph("two")])]).html(
            &identifiers)
        #expect(
            html.contains("<p class=\"chooser\" hidden><label for=\"choice-1\">Pick</label> <select id=\"choice-1\">"))
        #expect(html.contains("<option>first &lt;</option><option>second</option></select>"))
        #expect(html.contains("<div class=\"option\" role=\"group\" aria-label=\"first &lt;\"><p>one</p>"))
        #expect(html.contains("<p>two</p>") && html.matches(of: /hidden/).count == 1)
    }

    @Test func marksSayTheirWordsAndColourThem() {
        var identifiers = Identifiers()
        #expect(
            Block.marks([Mark("correct", .good), Mark("cut off", .bad), Mark("30 tokens")]).html(&identifiers)
                == "<p class=\"marks\"><span class=\"mark good\">correct</span> <span class=\"mark bad\">cut "
                + "off</span> <span class=\"mark plain\">30 tokens</span></p>\n"
        )
    }

    @Test func aGroupOfRowsIsABodyUnderItsName() throws {
        let table = Table(
            columns: [.text("method"), .number("pass@1")],
            rows: [.group("by hand"), ["greedy", 1], .group("heads"), ["both", 2], ["one", 3]])
        let bodies = table.html.matches(of: /<tbody>(.*?)<\/tbody>/.dotMatchesNewlines()).map { String($0.1) }
        try #require(bodies.count == 2)
        #expect(
            bodies[0].hasPrefix("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"2\">by hand</th></tr>")
                && bodies[0].contains("greedy"))
        #expect(
            bodies[1].contains(">heads</th>") && bodies[1].contains("both") && bodies[1].contains("one")
                && !bodies[1].contains("greedy"))
    }

    @Test func bothThemesAndBothShapesOfPaperAreThere() {
        let html = everything("plain").html
        #expect(html.matches(of: /prefers-color-scheme:dark/).count == 2)
        #expect(html.matches(of: /class="plot wide"/).count == html.matches(of: /class="plot narrow"/).count)
    }

    @Test func numbersStandAtTheRightWithTheirColumnsDecimals() {
        let table = Table(
            columns: [.text("method"), .number("pass@1", unit: "%", decimals: 1)],
            rows: [
                ["greedy", 76.04], ["tuned", .spread(80.44, plusMinus: 0.71)], ["heads", .interval(-1, -2...0.5)],
                ["none", .missing], ["short"], ["bad", .number(.nan)],
            ])
        let html = table.html
        #expect(html.contains("<th scope=\"col\" class=\"number\">pass@1 <span class=\"unit\">%</span></th>"))
        let cells = html.matches(of: /<td class="number">([^<]*)</).map { String($0.1) }
        #expect(cells == ["76.0", "80.4 ± 0.7", "−1.0 (−2.0 to 0.5)", "–", "–", "–"])
    }

    @Test func writingIntoAMissingFolderIsToldByName() throws {
        try withFolder { folder in
            let error = #expect(throws: ReportsError.self) { try Page("a").write(to: folder + "/none/report.html") }
            #expect(error?.path == folder + "/none/report.html")
            try Page("a").write(to: folder + "/report.html")
            #expect(FileManager.default.contents(atPath: folder + "/report.html") == Data(Page("a").html.utf8))
        }
    }

    /// Names of tags with their attributes' names, in order; and those that close nothing or are not closed.
    private func tags(_ html: String) -> (names: [String], unbalanced: [String]) {
        let markup = html.replacing(/<(style|script)>.*?<\/(style|script)>/.dotMatchesNewlines(), with: "")
        var names: [String] = []
        var open: [String] = []
        var unbalanced: [String] = []
        for match in markup.matches(of: /<(\/?)([a-zA-Z0-9!]+)((?:\s+[\w-]+(?:="[^"]*")?|\s+html)*)\s*(\/?)>/) {
            let name = String(match.2)
            names.append("\(match.1)\(name)" + match.3.matches(of: /([\w-]+)(="[^"]*")?/).map { " " + $0.1 }.joined())
            if ["!DOCTYPE", "meta", "link", "input"].contains(name) || match.4 == "/" { continue }
            if match.1.isEmpty { open.append(name) } else if open.popLast() != name { unbalanced.append(name) }
        }
        return (names, unbalanced + open)
    }
}
