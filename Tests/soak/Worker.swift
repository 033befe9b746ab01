import Foundation

/// Reads mutants in this process, one after the other. It may end by a signal at any of them: whoever started it looks
/// into the tally.
struct Worker {
    let artefacts: Artefacts
    let seed: UInt64
    /// Where its own mutants lie.
    let folder: URL

    /// Words that belong to no sentence for people: they come from an error that nobody has put into words.
    private static let foreignWords = [
        "DecodingError", "Swift.", "Error Domain", "Optional(", "CodingKeys", "dataCorrupted", "keyNotFound",
    ]

    /// The kind of a mutant, as a place in `artefacts.all`.
    func kind(of number: Int) -> Int { number % artefacts.all.count }

    /// Writes a mutant to the folder.
    func prepare(_ number: Int) throws {
        try artefacts.all[kind(of: number)].write(to: folder, damagedBy: SplitMix(seed: seed, number: number))
    }

    /// Sees that all originals are read without a word: a soak of broken ones would show nothing.
    func readOriginals() throws {
        for artefact in artefacts.all {
            try artefact.write(to: folder, damagedBy: nil)
            do { try artefact.read(folder) } catch {
                throw SoakError("the sound \(artefact.name) is refused: \(error)")
            }
        }
    }

    /// Reads the mutants that are left in a tally, each `stride`-th number.
    ///
    /// - Returns: for each mutant that was refused without a sentence its number and what was thrown.
    func run(until end: Int, by stride: Int, tally path: String) throws {
        guard var tally = Tally(contentOf: path, kinds: artefacts.all.count) else {
            throw SoakError("\(path): holds no tally")
        }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SoakError("\(path): cannot be written") }
        defer { close(descriptor) }
        while tally.number < end {
            let kind = kind(of: tally.number)
            try prepare(tally.number)
            tally.write(to: descriptor)
            do {
                try artefacts.all[kind].read(folder)
                tally.read[kind] += 1
            } catch {
                tally.refused[kind] += 1
                let words = String(describing: error)
                if words.isEmpty || words.utf8.count > 2000 || Self.foreignWords.contains(where: words.contains) {
                    print(
                        "\(tally.number)\t"
                            + words.prefix(300).split(whereSeparator: \.isNewline).joined(separator: " ")
                    )
                }
            }
            tally.number += stride
        }
        tally.write(to: descriptor)
    }
}
