/// Runs a `PatternProgram` over UTF-8 text: the backtracking search that Oniguruma does, without its recursion.
///
/// A greedy run of one set keeps a single frame however long it is, so a megabyte of spaces costs no memory.
struct PatternMatcher {
    /// Where to go on after a failure.
    private struct Frame {
        let instruction: Int
        /// The end of what the run took, or the position to come back to.
        var position: Int
        /// How far a run can be given back; nil for a choice.
        let lowest: Int?
    }

    private var frames: [Frame] = []

    /// Calls `body` with every match in `range`, from left to right, as Oniguruma's search loop finds them: an empty
    /// match directly after the previous one does not count. What lies outside `range` is not seen.
    ///
    /// - Parameter text: valid UTF-8; `range` starts and ends between scalars.
    mutating func forEachMatch(
        of program: PatternProgram, in text: [UInt8], range: Range<Int>, body: (Range<Int>) -> Void
    ) {
        var start = range.lowerBound
        var lastEnd: Int?
        while start <= range.upperBound {
            if let firstSet = program.firstSet {
                while start < range.upperBound {
                    let (scalar, width) = text.scalar(at: start)
                    if program.sets.contains(scalar, in: firstSet) { break }
                    start += width
                }
                if start == range.upperBound { return }
            }
            if let end = match(program, from: 0, in: text, at: start, range: range), end > start || lastEnd != start {
                body(start..<end)
                lastEnd = end
                if end > start {
                    start = end
                    continue
                }
            }
            start += start < range.upperBound ? text.scalar(at: start).width : 1
        }
    }

    /// The end of the match that starts at `start`, or nil.
    private mutating func match(
        _ program: PatternProgram, from entry: Int, in text: [UInt8], at start: Int, range: Range<Int>
    ) -> Int? {
        let base = frames.count
        var instruction = entry
        var position = start
        while true {
            var fails = false
            switch program.instructions[instruction] {
            case .accept:
                frames.removeLast(frames.count - base)
                return position
            case .scalar(let set):
                if position < range.upperBound {
                    let (scalar, width) = text.scalar(at: position)
                    position += width
                    fails = !program.sets.contains(scalar, in: set)
                } else {
                    fails = true
                }
                instruction += 1
            case .run(let set, let minimum, let maximum, let givesBack):
                var count = 0
                var lowest = position
                while count < maximum, position < range.upperBound {
                    let (scalar, width) = text.scalar(at: position)
                    guard program.sets.contains(scalar, in: set) else { break }
                    position += width
                    count += 1
                    if count == minimum { lowest = position }
                }
                instruction += 1
                fails = count < minimum
                if !fails, givesBack, position > lowest {
                    frames.append(Frame(instruction: instruction, position: position, lowest: lowest))
                }
            case .choose(let guardSet, let otherwise):
                if let guardSet, position == range.upperBound
                    || !program.sets.contains(text.scalar(at: position).scalar, in: guardSet) {
                    instruction = otherwise
                } else {
                    frames.append(Frame(instruction: otherwise, position: position, lowest: nil))
                    instruction += 1
                }
            case .jump(let target):
                instruction = target
            case .atomic(let then):
                if let end = match(program, from: instruction + 1, in: text, at: position, range: range) {
                    position = end
                    instruction = then
                } else {
                    fails = true
                }
            case .lookahead(let negated, let then):
                let found = match(program, from: instruction + 1, in: text, at: position, range: range) != nil
                fails = found == negated
                instruction = then
            case .boundary(let boundary):
                fails = !holds(boundary, in: text, at: position, range: range)
                instruction += 1
            }
            if fails {
                guard frames.count > base, let frame = frames.popLast() else { return nil }
                instruction = frame.instruction
                position = frame.position
                if let lowest = frame.lowest {
                    position = text.position(before: position)
                    if position > lowest {
                        frames.append(Frame(instruction: instruction, position: position, lowest: lowest))
                    }
                }
            }
        }
    }

    private func holds(_ boundary: PatternBoundary, in text: [UInt8], at position: Int, range: Range<Int>) -> Bool {
        let lineFeed = UInt8(ascii: "\n")
        return switch boundary {
        case .textStart: position == range.lowerBound
        case .textEnd: position == range.upperBound
        case .lineStart:
            position == range.lowerBound || position < range.upperBound && text[position - 1] == lineFeed
        case .lineEnd: position == range.upperBound || text[position] == lineFeed
        }
    }
}
