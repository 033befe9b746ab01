import Backbone
import Tensor

/// Takes trajectories through the model, teacher-forced, and hands out the hidden states that predict their labels.
///
/// Short trajectories share a forward pass, long ones take several, each of at most ``passRows`` rows: memory does not
/// depend on lengths. Which rows go together is a function of the lengths alone, in their order from the first `add` or
/// `finish` on, so that the same trajectories give the same bits.
struct TrajectoryWalk {
    /// Consecutive labels, and what predicts them.
    struct Piece {
        /// Of each label its trajectory's line, and its index in prompt + completion.
        var trajectories: [Int] = []
        var positions: [Int] = []
        var labels: [Int] = []
        /// Of each label its log-probability under the policy that drew it; none where trajectories do not say it.
        var behaviour: [Float] = []
        /// The state at position − 1, [labels, D].
        var hidden = Tensor<Float>(shape: [0, 1], repeating: 0)

        init() {}

        /// Labels of one trajectory, as many as there are states.
        ///
        /// - Parameter start: index of the first label in prompt + completion.
        init(_ trajectory: Trajectory, line: Int, from start: Int, hidden: Tensor<Float>) {
            let first = start - trajectory.promptIDs.count, labels = first..<first + hidden.rows
            trajectories = Array(repeating: line, count: hidden.rows)
            positions = Array(start..<start + hidden.rows)
            self.labels = Array(trajectory.completionIDs[labels])
            behaviour = trajectory.behaviourLogProbs.map { Array($0[labels]) } ?? []
            self.hidden = hidden
        }
    }

    /// Rows of one forward pass, at most.
    static let passRows = 1024

    private let model: Transformer
    private let take: (Piece) throws -> Void
    private var waiting: [(line: Int, trajectory: Trajectory)] = []
    private var waitingRows = 0

    /// - Parameter take: receives each piece, in the order of the trajectories.
    init(model: Transformer, take: @escaping (Piece) throws -> Void) { (self.model, self.take) = (model, take) }

    mutating func add(_ trajectory: Trajectory, line: Int) throws {
        // The last id predicts nothing that is there.
        let rows = trajectory.promptIDs.count + trajectory.completionIDs.count - 1
        if waitingRows + rows > Self.passRows { try finish() }
        if rows > Self.passRows {
            try walk(long: trajectory, line)
        } else {
            waiting.append((line, trajectory))
            waitingRows += rows
        }
    }

    /// Walks what waits for others to share its pass.
    mutating func finish() throws {
        guard !waiting.isEmpty else { return }
        let together = waiting
        (waiting, waitingRows) = ([], 0)
        let hidden = try model.advance(
            together.map {
                (model.makeCache(), Array(($0.trajectory.promptIDs + $0.trajectory.completionIDs).dropLast()))
            })
        var piece = Piece(), first = 0
        var rows: [Range<Int>] = []
        for (line, trajectory) in together {
            let prompt = trajectory.promptIDs.count, count = trajectory.completionIDs.count
            piece.trajectories += Array(repeating: line, count: count)
            piece.positions += prompt..<prompt + count
            piece.labels += trajectory.completionIDs
            piece.behaviour += trajectory.behaviourLogProbs ?? []
            rows.append(first + prompt - 1..<first + prompt - 1 + count)
            first += prompt + count - 1
        }
        piece.hidden = hidden.selecting(rows)
        try take(piece)
    }

    private func walk(long trajectory: Trajectory, _ line: Int) throws {
        let ids = trajectory.promptIDs + trajectory.completionIDs, prompt = trajectory.promptIDs.count
        let cache = model.makeCache()
        for start in stride(from: 0, to: ids.count - 1, by: Self.passRows) {
            let end = min(start + Self.passRows, ids.count - 1)
            let hidden = try model.advance([(cache, Array(ids[start..<end]))])
            let first = max(start, prompt - 1)
            guard first < end else { continue }
            try take(
                Piece(
                    trajectory, line: line, from: first + 1, hidden: hidden.selecting([first - start..<end - start])))
        }
    }
}

extension Tensor<Float> {
    /// Runs of rows, one below the other.
    fileprivate func selecting(_ runs: [Range<Int>]) -> Tensor {
        let columns = columns
        return Tensor(shape: [runs.reduce(0) { $0 + $1.count }, columns]) { target in
            withUnsafeBufferPointer { source in
                var next = 0
                for run in runs {
                    for i in run.lowerBound * columns..<run.upperBound * columns {
                        target[next] = source[i]
                        next += 1
                    }
                }
            }
        }
    }
}
