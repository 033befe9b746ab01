import Testing

@testable import Terminal

private struct Report: Encodable {
    let zeta: Int
    let alpha: Double
    let path: String
    let nested: [String: Double?]
    let small: Float
}

struct JSONTextTests {
    @Test func keysAreSortedAndSlashesStay() throws {
        let report = Report(zeta: 1, alpha: 0.1, path: "a/\"b\"\n", nested: ["y": 2.5, "x": nil], small: 0.1)
        #expect(
            try jsonText(report)
                == #"{"alpha":0.1,"nested":{"x":null,"y":2.5},"path":"a/\"b\"\n","small":0.1,"zeta":1}"#)
    }

    @Test func numbersThatAreNotFiniteAreStrings() throws {
        #expect(
            try jsonText(["a": Double.nan, "b": .infinity, "c": -.infinity]) == #"{"a":"NaN","b":"inf","c":"-inf"}"#)
        #expect(try jsonText([Float.nan, -.infinity]) == #"["NaN","-inf"]"#)
    }

    @Test func doublesKeepAllTheirDigits() throws {
        #expect(try jsonText([0.1 + 0.2, 1e-300, 2]) == "[0.30000000000000004,1e-300,2]")
    }
}
