/// Holm's step-down correction for several comparisons (Holm, "A simple sequentially rejective multiple test
/// procedure", 1979).
public enum Holm {
    /// Which of several comparisons are still shown when all of them are looked at together: in the order of their p,
    /// each is held against α over the number of those that are left, until one fails.
    ///
    /// - Parameters:
    ///   - p: of each comparison.
    ///   - level: α, the chance of any false one among them.
    /// - Returns: a flag for each.
    public static func survive(_ p: [Double], level: Double = 0.05) -> [Bool] {
        var survives = [Bool](repeating: false, count: p.count)
        for (rank, place) in p.indices.sorted(by: { (p[$0], $0) < (p[$1], $1) }).enumerated() {
            guard p[place] <= level / Double(p.count - rank) else { break }
            survives[place] = true
        }
        return survives
    }
}
