/// A pre-tokenization pattern, compiled for `PatternMatcher`.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        /// Takes one scalar of the set.
        case scalar(set: Int)
        /// Takes as many scalars of the set as there are, within the bounds; gives them back one by one if `givesBack`.
        case run(set: Int, minimum: Int, maximum: Int, givesBack: Bool)
        /// Goes on, and comes back to `otherwise` if that fails; goes there at once if the next scalar is not in
        /// `guardSet`.
        case choose(guardSet: Int?, otherwise: Int)
        case jump(Int)
        /// Matches the instructions up to an `accept` by themselves, then goes on at `then`.
        case atomic(then: Int)
        case lookahead(negated: Bool, then: Int)
        case boundary(PatternBoundary)
        case accept
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets = ScalarSets()
    /// The set of scalars that a match starts with; nil where a match can be empty.
    private(set) var firstSet: Int?
    /// The pattern as it is written, and the file and JSON path where, for errors.
    let source: String, location: String
    /// Nodes that were compiled; an interval compiles what it repeats many times, also where that is nothing.
    private var nodeCount = 0

    /// Patterns of published tokenizers take about fifty.
    private static let mostInstructions = 2_000
    /// An instruction comes of at least one node, and of hardly more than two.
    private static let mostNodes = 20_000

    /// Compiles an Oniguruma pattern.
    ///
    /// - Parameter location: file and JSON path of the pattern, for errors.
    init(pattern: String, location: String) throws {
        try self.init(PatternParser.parse(pattern, location: location), source: pattern, location: location)
    }

    /// Compiles a pattern that matches this text and nothing else.
    init(matching text: String, location: String) throws {
        try self.init(PatternNode(matching: text), source: text, location: location)
    }

    private init(_ node: PatternNode, source: String, location: String) throws {
        (self.source, self.location) = (source, location)
        try append(node, location: location)
        instructions.append(.accept)
        firstSet = guardSet(for: node)
    }

    private mutating func append(_ node: PatternNode, location: String) throws {
        nodeCount += 1
        guard instructions.count < Self.mostInstructions, nodeCount <= Self.mostNodes else {
            throw TokenizerError.unsupported(
                location: location, found: "a pattern of more than \(Self.mostInstructions) instructions",
                supported: "smaller intervals")
        }
        switch node {
        case .scalar(let set):
            instructions.append(.scalar(set: sets.index(of: set)))
        case .sequence(let parts):
            for part in parts { try append(part, location: location) }
        case .alternatives(let branches):
            try appendAlternatives(branches, location: location)
        case .repeated(let body, let count, let preference):
            try appendRepetition(of: body, count: count, preference: preference, location: location)
        case .atomic(let body):
            try appendAlone(body, location: location) { .atomic(then: $0) }
        case .lookahead(let body, let negated):
            try appendAlone(body, location: location) { .lookahead(negated: negated, then: $0) }
        case .boundary(let boundary):
            instructions.append(.boundary(boundary))
        }
    }

    private mutating func appendAlternatives(_ branches: [PatternNode], location: String) throws {
        var exits: [Int] = []
        for branch in branches.dropLast() {
            let choice = reserve()
            try append(branch, location: location)
            exits.append(reserve())
            instructions[choice] = .choose(guardSet: guardSet(for: branch), otherwise: instructions.count)
        }
        if let last = branches.last { try append(last, location: location) }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    private mutating func appendRepetition(
        of body: PatternNode, count: ClosedRange<Int>, preference: RepetitionPreference, location: String
    ) throws {
        if case .scalar(let set) = body, preference != .reluctant {
            instructions.append(
                .run(
                    set: sets.index(of: set), minimum: count.lowerBound, maximum: count.upperBound,
                    givesBack: preference == .greedy))
            return
        }
        if preference == .possessive {
            return try append(.atomic(.repeated(body, count: count, preference: .greedy)), location: location)
        }
        for _ in 0..<count.lowerBound { try append(body, location: location) }
        if count.upperBound == PatternNode.unbounded {
            let start = instructions.count
            try appendOptional(body, preference: preference, location: location) {
                $0.instructions.append(.jump(start))
            }
        } else {
            try appendOptionals(
                count.upperBound - count.lowerBound, of: body, preference: preference, location: location)
        }
    }

    /// (body (body …)?)?, `count` deep.
    private mutating func appendOptionals(
        _ count: Int, of body: PatternNode, preference: RepetitionPreference, location: String
    ) throws {
        guard count > 0 else { return }
        try appendOptional(body, preference: preference, location: location) {
            try $0.appendOptionals(count - 1, of: body, preference: preference, location: location)
        }
    }

    /// The body and what comes after it, or nothing: in this order if greedy.
    private mutating func appendOptional(
        _ body: PatternNode, preference: RepetitionPreference, location: String,
        continuation: (inout PatternProgram) throws -> Void
    ) throws {
        let choice = reserve()
        let skip = preference == .reluctant ? reserve() : nil
        if skip != nil { instructions[choice] = .choose(guardSet: nil, otherwise: instructions.count) }
        try append(body, location: location)
        try continuation(&self)
        if let skip {
            instructions[skip] = .jump(instructions.count)
        } else {
            instructions[choice] = .choose(guardSet: guardSet(for: body), otherwise: instructions.count)
        }
    }

    private mutating func appendAlone(
        _ body: PatternNode, location: String, instruction: (_ then: Int) -> Instruction
    ) throws {
        let entry = reserve()
        try append(body, location: location)
        instructions.append(.accept)
        instructions[entry] = instruction(instructions.count)
    }

    /// A place for an instruction whose target is not known yet.
    private mutating func reserve() -> Int {
        instructions.append(.accept)
        return instructions.count - 1
    }

    private mutating func guardSet(for node: PatternNode) -> Int? {
        node.canBeEmpty ? nil : sets.index(of: node.firstScalars)
    }
}
