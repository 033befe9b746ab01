import Tensor

/// Which trajectories are used.
public enum TrajectorySubset: String, Sendable, Codable, CaseIterable {
    case all, training, validation
}

/// Which trajectories are held out for validation: so large a share of the *problems*, so that completions of one
/// problem stay on one side.
///
/// Each problem has a uniform draw in [0, 1) of its own: bits 11 to 63 of the first two words of its block, in a stream
/// of the seed that nothing else uses. The problems of the lowest draws are held out, `round(fraction · problems)` of
/// them, and at least one and not all where the fraction lies between 0 and 1. So a larger fraction holds out more, but
/// never others.
public struct TrajectorySplit: Sendable, Equatable, Codable {
    /// Share of the problems, 0 to 1.
    public var validationFraction: Double
    /// Of the draws.
    public var seed: UInt64

    static let splitStream: UInt64 = 0x7370_6C69_7400_0000
    /// Of epoch 0; each epoch has a stream of its own.
    static let orderStream: UInt64 = 0x6F72_6465_7200_0000

    /// - Parameters:
    ///   - validationFraction: share of the problems, 0 to 1.
    ///   - seed: of the draws.
    public init(validationFraction: Double, seed: UInt64) {
        (self.validationFraction, self.seed) = (validationFraction, seed)
    }

    /// The draw of a problem.
    func draw(_ problem: Int) -> Double {
        let words = RandomGenerator(seed: seed, stream: Self.splitStream).words(at: UInt64(bitPattern: Int64(problem)))
        return Double((UInt64(words[1]) << 32 | UInt64(words[0])) >> 11) * 0x1p-53
    }

    /// The problems that are held out.
    ///
    /// - Parameter problems: numbers of problems; repeated ones count once.
    public func heldOut(of problems: some Sequence<Int>) -> Set<Int> {
        let all = Set(problems)
        let wanted = (validationFraction * Double(all.count)).rounded()
        let isPart = validationFraction > 0 && validationFraction < 1
        let count = isPart ? min(max(1, Int(wanted)), all.count - 1) : Int(wanted)
        guard count > 0 else { return [] }
        let drawn = all.map { (draw: draw($0), problem: $0) }.sorted { $0 < $1 }
        return Set(drawn.prefix(count).map(\.problem))
    }
}

extension HiddenStateCache {
    /// The trajectories of a subset, in the order of their lines.
    public func trajectories(_ subset: TrajectorySubset, of split: TrajectorySplit) -> [TrajectoryIndex] {
        guard subset != .all else { return trajectories }
        let held = heldOut(trajectories, by: split)
        return trajectories.filter { held.contains($0.number) == (subset == .validation) }
    }

    /// The numbers of those trajectories that a split holds out.
    ///
    /// - Parameter trajectories: of this cache; their problems alone are divided.
    public func heldOut(_ trajectories: [TrajectoryIndex], by split: TrajectorySplit) -> Set<Int> {
        let problems = trajectories.map(problem), held = split.heldOut(of: problems)
        return Set(zip(trajectories, problems).filter { held.contains($0.1) }.map(\.0.number))
    }

    /// The problem of a trajectory, as a number; where it is not known, one that no other trajectory has.
    func problem(of trajectory: TrajectoryIndex) -> Int {
        let problem =
            problems.flatMap { $0.indices.contains(trajectory.number) ? Int($0[trajectory.number]) : nil } ?? -1
        return problem >= 0 ? problem : ~trajectory.number
    }
}
