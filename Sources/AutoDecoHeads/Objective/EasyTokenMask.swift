/// Easy-token masking: a token whose arg max is its label is dropped where its uniform draw is below `dropRate`.
///
/// - Parameters:
///   - labelRanks: 0 where the label is the arg max.
///   - draws: one uniform number in [0, 1) a token.
///   - dropRate: 0.6 in the paper; 0 drops nothing.
/// - Returns: whether each token is kept.
public func easyTokenMask(labelRanks: [Int], draws: [Double], dropRate: Double) -> [Bool] {
    zip(labelRanks, draws).map { rank, draw in rank > 0 || draw >= dropRate }
}
