/// A token that was drawn, among how many, and how probable it was there.
struct DrawnToken {
    let token, nucleusSize: Int
    /// In (0, 1].
    let probability: Double

    /// - Parameters:
    ///   - weight: of the token; above 0.
    ///   - total: weight of all tokens that could have been drawn.
    init(token: Int, nucleusSize: Int, weight: Double, of total: Double) {
        (self.token, self.nucleusSize) = (token, nucleusSize)
        // Sums of one row in two orders differ in their last digits.
        probability = min(1, max(weight / total, .leastNormalMagnitude))
    }
}
