import Testing

@testable import Terminal

struct ReadableTests {
    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (25_000, "25,000"), (1_234_567, "1,234,567"),
        (-1000, "-1,000"),
        (-100, "-100"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func countsHaveCommas(_ value: Int, _ text: String) { #expect(Readable.count(value) == text) }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_500_000_000, "1.5 GB"), (Int.max, "9.2 EB"), (-2500, "-2.5 kB"),
    ])
    func bytesHaveUnits(_ value: Int, _ text: String) { #expect(Readable.bytes(value) == text) }

    @Test(arguments: [
        (0, "0.0 s"), (4.24, "4.2 s"), (9.96, "10 s"), (12.4, "12 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
        (77, "1 min 17 s"),
        (303, "5 min 03 s"), (3599.7, "1 h 00 min"), (3900, "1 h 05 min"), (86_399, "1 d 00 h"), (183_600, "2 d 03 h"),
        (-1, "?"), (.nan, "?"), (.infinity, "?"), (1e300, "?"),
    ])
    func durationsHaveTwoUnits(_ seconds: Double, _ text: String) { #expect(Readable.duration(seconds) == text) }

    @Test(arguments: [
        (0, "0/s"), (0.0312, "0.031/s"), (0.42, "0.42/s"), (0.996, "1.0/s"), (4.21, "4.2/s"), (9.96, "10/s"),
        (310.4, "310/s"),
        (25_000, "25,000/s"), (.nan, "?/s"), (.infinity, "?/s"),
    ])
    func ratesHaveTheirDigits(_ value: Double, _ text: String) { #expect(Readable.rate(value) == text) }
}
