import Testing

@testable import Terminal

struct NearestTests {
    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("cahce", "cache", 1),
        ("ab", "ba", 1), ("flaw", "lawn", 2), ("ca", "abc", 3),
    ])
    func editDistanceCountsEditsAndExchanges(_ a: String, _ b: String, _ edits: Int) {
        #expect(editDistance(Array(a), Array(b)) == edits)
        #expect(editDistance(Array(b), Array(a)) == edits)
    }

    @Test(arguments: [
        ("hedas", "heads"), ("hed", "heads"), ("HEADS", "heads"), ("cahce", "cache"), ("val", "validation-fraction"),
        ("validation_fraction", "validation-fraction"), ("precison", "precision"),
    ])
    func misspeltWordFindsWhatWasMeant(_ word: String, _ meant: String) {
        #expect(nearest(to: word, in: ["heads", "cache", "validation-fraction", "precision"]) == meant)
    }

    @Test(arguments: ["", "x", "zebra", "json"])
    func wordFarFromAllFindsNothing(_ word: String) {
        #expect(nearest(to: word, in: ["heads", "cache", "precision"]) == nil)
    }

    @Test func fewestEditsWinThenTheEarlier() {
        #expect(nearest(to: "loss", in: ["lose", "los", "losses", "loss"]) == "loss")
        #expect(nearest(to: "cat", in: ["bat", "car"]) == "bat")
        #expect(nearest(to: "anything", in: []) == nil)
    }
}
