import Foundation
import LogitSketches
import Tensor

/// Sums of one row's softmax at one temperature: with e = 2^y and y = (l − l₀)·log₂e/T, p = e/Σe.
public struct SoftmaxSums: Sendable {
    public let temperature: Double
    /// Z = Σ e; the largest e is 1.
    public internal(set) var total = 0.0
    /// Σ e·y.
    var weightedExponents = 0.0
    /// Σ e².
    public internal(set) var squares = 0.0

    /// −Σ p·log p in nats.
    public var entropy: Double {
        max(0, Foundation.log(total) - Double.ln2 * weightedExponents / total)
    }
}

/// What a sampler has read of one row: the largest logit of each block, and the softmax's sums.
public struct RowSummary: Sendable {
    let largest: Float
    let maxima: [Float]
    let runTotals: [Double]
    let sums: SoftmaxSums
}

/// Reads one row of logits, and draws a token from it, without sorting it.
///
/// A row is read in blocks of 64 logits, the last one padded with −∞. One sweep leaves each block's largest logit, a
/// second one the sums of the softmax; then most draws need only the few hundred largest logits (`+Leading`), and the
/// others a histogram over depth below the largest logit, of which a bin or two are sorted (`+Bins`).
///
/// A class because it owns work memory; one sampler serves one thread, and reads a row only while its caller holds it.
public final class RowSampler {
    public let vocabularySize: Int
    /// Blocks in the row itself, and with the padded one.
    private let wholeBlocks: Int
    let blocks: Int
    private(set) var row: UnsafePointer<Float>
    private let paddedBlock: UnsafeMutablePointer<Float>
    let maxima: UnsafeMutablePointer<Float>
    let maximaOrder: UnsafeMutablePointer<Float>
    let lanes: UnsafeMutablePointer<Float>
    /// Σ e of each run of 16 blocks.
    var runTotals: [Double] = []
    let found: UnsafeMutablePointer<UInt32>
    let bins: DepthBins
    var ranked: RankedTokens
    /// Logits and then e of ranked tokens, or e of one run of the row.
    let e: UnsafeMutablePointer<Float>
    /// Cumulative weights of ranked tokens or of bins.
    var cumulative: [Double] = []

    private(set) var largest: Float = 0
    private(set) var sums = SoftmaxSums(temperature: 0)

    static let blocksPerRun = 16

    public init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        wholeBlocks = vocabularySize / 64
        blocks = (vocabularySize + 63) / 64
        func memory(_ count: Int) -> UnsafeMutablePointer<Float> {
            UnsafeMutableRawPointer.allocate(byteCount: 4 * max(count, 1), alignment: 64).bindMemory(
                to: Float.self, capacity: max(count, 1))
        }
        paddedBlock = memory(64)
        row = UnsafePointer(paddedBlock)
        maxima = memory(blocks)
        maximaOrder = memory(blocks)
        lanes = memory(48)
        e = memory(max(64 * blocks, 64 * Self.blocksPerRun) + 64)
        found = .allocate(capacity: 64 * blocks + 64)
        bins = DepthBins(tokens: 64 * blocks)
        ranked = RankedTokens(capacity: 64 * blocks)
    }

    deinit {
        for p in [paddedBlock, maxima, maximaOrder, lanes, e] { p.deallocate() }
        found.deallocate()
        bins.deallocate()
        ranked.deallocate()
    }

    /// Reads a row of V logits, which must stay in place while this sampler is asked about it.
    ///
    /// - Throws: ``PolicyError`` where the row holds a NaN, +∞ or no possible token.
    func read(_ logits: UnsafeBufferPointer<Float>, row number: Int) throws {
        require(logits.count == vocabularySize, "a row of \(logits.count) logits for a vocabulary of \(vocabularySize)")
        guard let base = logits.baseAddress, blocks > 0 else {
            throw PolicyError.nothingPossible(row: number, vocabularySize: vocabularySize)
        }
        setRow(base)
        sums = SoftmaxSums(temperature: 0)
        lanes.update(repeating: 0, count: 16)
        forEachRun { logits, first, count in
            blockMaxima(logits, blocks: count, e, bad: lanes)
            reduceMaxima(e, count: count, into: maxima + first)
        }
        if laneTotal(lanes) > 0, let token = logits.firstIndex(where: { !($0 < .infinity) }) {
            throw PolicyError.logitNotFinite(row: number, token: token, logit: logits[token])
        }
        largest = maxima[0]
        for block in 1..<max(blocks, 1) where maxima[block] > largest { largest = maxima[block] }
        guard Double(largest) > largestImpossibleLogit else {
            throw PolicyError.nothingPossible(row: number, vocabularySize: vocabularySize)
        }
    }

    /// What has been read of the row and summed up, for ``resume(_:_:)``.
    public var summary: RowSummary {
        RowSummary(
            largest: largest, maxima: Array(UnsafeBufferPointer(start: maxima, count: blocks)), runTotals: runTotals,
            sums: sums)
    }

    /// Takes up a row where a sampler left it, in place of reading it again.
    func resume(_ summary: RowSummary, _ logits: UnsafeBufferPointer<Float>) {
        require(
            logits.count == vocabularySize && summary.maxima.count == blocks,
            "a row of \(logits.count) logits for a vocabulary of \(vocabularySize)")
        guard let base = logits.baseAddress else { return }
        setRow(base)
        (largest, runTotals, sums) = (summary.largest, summary.runTotals, summary.sums)
        maxima.update(from: summary.maxima, count: blocks)
    }

    private func setRow(_ base: UnsafePointer<Float>) {
        row = base
        let rest = vocabularySize - 64 * wholeBlocks
        for i in 0..<64 { paddedBlock[i] = i < rest ? base[64 * wholeBlocks + i] : -.infinity }
    }

    func block(_ index: Int) -> UnsafePointer<Float> {
        index < wholeBlocks ? row + 64 * index : UnsafePointer(paddedBlock)
    }

    /// Calls `body` for runs of up to 16 blocks that lie together, with the first block's index and the number of
    /// blocks.
    @inline(__always)
    func forEachRun(_ body: (_ logits: UnsafePointer<Float>, _ first: Int, _ count: Int) -> Void) {
        var first = 0
        while first < wholeBlocks {
            let count = min(Self.blocksPerRun, wholeBlocks - first)
            body(row + 64 * first, first, count)
            first += count
        }
        if wholeBlocks < blocks { body(UnsafePointer(paddedBlock), wholeBlocks, 1) }
    }

    /// The likeliest token; of equal ones the one with the lowest id.
    var likeliestToken: Int {
        for index in 0..<blocks where maxima[index] == largest {
            for i in 0..<64 where block(index)[i] == largest { return 64 * index + i }
        }
        return 0
    }

    func logit(_ token: Int) -> Float { row[token] }

    /// y of logits at the current temperature. A temperature so low that its inverse overflows stops at the largest
    /// finite scale.
    var exponent: Exponent {
        Exponent(
            largest: largest, scale: Float(min(Double.log2e / sums.temperature, Double(Float.greatestFiniteMagnitude))))
    }

    /// The softmax's sums at T in (0, 1e20], which later calls are about.
    @discardableResult
    public func softmax(temperature: Double) -> SoftmaxSums {
        require(
            temperature > 0 && temperature <= 1e20,
            "temperature is \(temperature), expected a number above 0 and up to 1e20")
        if sums.temperature == temperature { return sums }
        sums = SoftmaxSums(temperature: temperature)
        let exponent = exponent
        runTotals.removeAll(keepingCapacity: true)
        forEachRun { logits, _, count in
            sumExponentials(logits, blocks: count, exponent, into: lanes)
            let total = laneTotal(lanes)
            runTotals.append(total)
            sums.total += total
            sums.weightedExponents += laneTotal(lanes + 16)
            sums.squares += laneTotal(lanes + 32)
        }
        return sums
    }

    /// −Σ p·log(p + offset) at the current temperature.
    public func entropy(offset: Double) -> Double {
        let exponent = exponent
        var entropy = 0.0
        forEachRun { logits, _, count in
            sumEntropy(
                logits, blocks: count, exponent, inverseTotal: Float(1 / sums.total), offset: Float(offset), into: lanes
            )
            entropy += laneTotal(lanes)
        }
        return entropy
    }

    /// Sum of the largest min(count, V) e at the current temperature.
    public func sumOfLargest(_ count: Int) -> Double {
        let count = min(count, vocabularySize)
        // With fewer blocks than that, every token is gathered.
        let threshold = blocks >= count ? leadingBlockMaximum(count, from: -.infinity) : -Float.infinity
        rankTokens(from: threshold)
        return (0..<min(count, ranked.count)).reduce(0) { $0 + Double(e[$1]) }
    }

    /// Decides a token; see ``Truncation``.
    ///
    /// Takes one uniform from `random`, or none where T = 0, which is greedy.
    public func decide(temperature: Double, truncation: Truncation, random: inout RandomGenerator) -> Decision {
        if temperature <= 0 {
            let sums = softmax(temperature: 1)
            return Decision(
                token: likeliestToken, temperature: 0, topP: 0, nucleusSize: 1, entropy: sums.entropy,
                probability: 1 / sums.total, drawProbability: 1)
        }
        softmax(temperature: temperature)
        let drawn = draw(truncation, uniform: random.uniform())
        e[0] = logit(drawn.token)
        e.advanced(by: 1).update(repeating: -.infinity, count: 63)
        exponentials(e, blocks: 1, exponent, into: e)
        return Decision(
            token: drawn.token, temperature: temperature, topP: truncation.topP, nucleusSize: drawn.nucleusSize,
            entropy: sums.entropy, probability: Double(e[0]) / sums.total, drawProbability: drawn.probability)
    }

    func draw(_ truncation: Truncation, uniform: Double) -> DrawnToken {
        guard let cut = RankCut(truncation, sums: sums, vocabularySize: vocabularySize) else {
            return drawFromAll(uniform)
        }
        return drawFromLeading(cut, uniform) ?? drawFromBins(cut, uniform)
    }

    /// Without a truncation, tokens are drawn in the order of their ids.
    private func drawFromAll(_ uniform: Double) -> DrawnToken {
        let (size, _) = countAndSmallest(from: smallestLogit(exponentFrom: RankCut.smallestExponent))
        var target = uniform * runTotals.reduce(0, +), run = 0, chosen = likeliestToken, weight = 1.0
        var chosenRun = runTotals.count - 1
        while run < runTotals.count {
            if target < runTotals[run] {
                chosenRun = run
                break
            }
            target -= runTotals[run]
            run += 1
        }
        let exponent = exponent
        run = 0
        forEachRun { logits, first, count in
            defer { run += 1 }
            guard run == chosenRun else { return }
            exponentials(logits, blocks: count, exponent, into: e)
            var exact = 0.0
            for i in 0..<64 * count { exact += Double(e[i]) }
            var rest = runTotals[run] > 0 ? target / runTotals[run] * exact : 0
            for i in 0..<64 * count where e[i] > 0 {
                (chosen, weight) = (64 * first + i, Double(e[i]))
                rest -= weight
                if rest < 0 { break }
            }
        }
        return DrawnToken(token: chosen, nucleusSize: size, weight: weight, of: sums.total)
    }

    /// How many logits are at least `threshold`, and the smallest of these.
    func countAndSmallest(from threshold: Float) -> (count: Int, smallest: Float) {
        // Counts as floats are exact up to 2²⁴ a lane.
        lanes.update(repeating: 0, count: 16)
        lanes.advanced(by: 16).update(repeating: .infinity, count: 16)
        forEachRun { logits, _, count in countAndMinimum(logits, blocks: count, from: threshold, into: lanes) }
        return (Int(laneTotal(lanes)), (16..<32).reduce(Float.infinity) { min($0, lanes[$1]) })
    }

    /// The smallest possible logit whose y is at least `y`, by bisection over the ordered bits of floats.
    func smallestLogit(exponentFrom y: Double) -> Float {
        func ordered(_ x: Float) -> Int64 {
            let bits = Int64(x.bitPattern)
            return bits >= 1 << 31 ? -(bits - 1 << 31) : bits
        }
        func float(_ n: Int64) -> Float { Float(bitPattern: n < 0 ? UInt32(-n) | 1 << 31 : UInt32(n)) }
        let scale = exponent.scale
        var low = ordered(Float(largestImpossibleLogit)), high = ordered(largest)
        while high - low > 1 {
            let middle = (low + high) >> 1
            if Double((float(middle) - largest) * scale) >= y { high = middle } else { low = middle }
        }
        return float(high)
    }
}
