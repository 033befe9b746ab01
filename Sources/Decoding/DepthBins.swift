/// Work memory of a histogram over depth below a row's largest logit: bins of equal width, the likeliest tokens first.
struct DepthBins {
    static let count = 2_048
    /// Mass and number of tokens of each bin, in two copies side by side. One more bin takes what is in none.
    let sums: UnsafeMutablePointer<SIMD2<Double>>
    /// The bin of each token.
    let indices: UnsafeMutablePointer<Int32>
    /// Weight of each bin in the distribution that is drawn from.
    let weights: UnsafeMutablePointer<Double>

    init(tokens: Int) {
        sums = .allocate(capacity: 2 * (Self.count + 1))
        indices = .allocate(capacity: max(tokens, 1))
        weights = .allocate(capacity: Self.count)
    }

    func deallocate() {
        sums.deallocate()
        indices.deallocate()
        weights.deallocate()
    }

    func mass(_ bin: Int) -> Double { sums[2 * bin][0] + sums[2 * bin + 1][0] }
    func tokens(_ bin: Int) -> Int { Int(sums[2 * bin][1] + sums[2 * bin + 1][1]) }
}
