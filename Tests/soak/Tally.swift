import Foundation

/// How far a worker is and what it has seen, in a file that outlives it: numbers of eight bytes each.
struct Tally {
    /// The mutant being read; it is the one to blame where the worker ends by a signal.
    var number: Int
    /// Of each kind of artefact how many mutants were read, and how many were refused.
    var read: [Int]
    var refused: [Int]

    init(first number: Int, kinds: Int) {
        self.number = number
        (read, refused) = (Array(repeating: 0, count: kinds), Array(repeating: 0, count: kinds))
    }

    /// - Returns: nil where the file is not there, or not whole.
    init?(contentOf path: String, kinds: Int) {
        guard let data = FileManager.default.contents(atPath: path), data.count == 8 * (1 + 2 * kinds) else {
            return nil
        }
        let numbers = data.withUnsafeBytes { bytes in
            (0..<1 + 2 * kinds).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self) }
        }
        (number, read, refused) = (numbers[0], Array(numbers[1...kinds]), Array(numbers[(kinds + 1)...]))
    }

    /// Writes all numbers at once into an open file.
    func write(to descriptor: Int32) {
        let numbers = [number] + read + refused
        _ = numbers.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}
