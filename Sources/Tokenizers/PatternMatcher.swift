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
    /// Steps that are left: instructions, and characters that a run goes over.
    private var stepsLeft: Int

    /// Steps of all searches together: so many, and so many more for each byte that is searched. Oniguruma allows ten
    /// million ways back for each place where a match may begin. Published patterns take fewer than ten steps a byte.
    static let freeSteps = 10_000_000, stepsPerByte = 500

    /// - Parameter freeSteps: see ``freeSteps``.
    init(freeSteps: Int = freeSteps) { stepsLeft = freeSteps }

    /// Calls `body` with every match in `range`, from left to right, as Oniguruma's search loop finds them: an empty
    /// match directly after the previous one does not count. What lies outside `range` is not seen.
    ///
    /// - Parameter text: valid UTF-8; `range` starts and ends between scalars.
    /// - Throws: `TokenizerError.tooManySteps` where the pattern has more ways to try than there are steps.
    mutating func forEachMatch(
        of program: PatternProgram, in text: [UInt8], range: Range<Int>, body: (Range<Int>) -> Void
    ) throws(TokenizerError) {
        stepsLeft += range.count * Self.stepsPerByte
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
            if let end = try match(program, from: 0, in: text, at: start, range: range), end > start || lastEnd != start
            {
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
    ///
    /// - Throws: `TokenizerError.tooManySteps`.
    private mutating func match(
        _ program: PatternProgram, from entry: Int, in text: [UInt8], at start: Int, range: Range<Int>
    ) throws(TokenizerError) -> Int? {
        let base = frames.count
        var instruction = entry
        var position = start
        while true {
            var fails = false
            stepsLeft -= 1
            if stepsLeft < 0 {
                throw .tooManySteps(location: program.location, pattern: program.source, bytes: range.count)
            }
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
                stepsLeft -= count
                instruction += 1
                fails = count < minimum
                if !fails, givesBack, position > lowest {
                    frames.append(Frame(instruction: instruction, position: position, lowest: lowest))
                }
            case .choose(let guardSet, let otherwise):
                if let guardSet,
                    position == range.upperBound
                        || !program.sets.contains(text.scalar(at: position).scalar, in: guardSet)
                {
                    instruction = otherwise
                } else {
                    frames.append(Frame(instruction: otherwise, position: position, lowest: nil))
                    instruction += 1
                }
            case .jump(let target):
                instruction = target
            case .atomic(let then):
                if let end = try match(program, from: instruction + 1, in: text, at: position, range: range) {
                    position = end
                    instruction = then
                } else {
                    fails = true
                }
            case .lookahead(let negated, let then):
                let found = try match(program, from: instruction + 1, in: text, at: position, range: range) != nil
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
