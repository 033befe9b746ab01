import AutoDecoHeads
import Backbone
import Decoding
import Foundation
import Terminal

/// How tokens are chosen, as the flags say: by heads, by knobs, or greedily.
enum DecoderChoice: Equatable {
    case heads(folder: String, NucleusFilter)
    case knobs(temperature: Double, Truncation)
    case greedy

    /// - Throws: ``InputError`` for flags that contradict each other.
    init(_ arguments: Arguments) throws {
        let knobs: [(name: String, isGiven: Bool)] = [
            ("--temperature", arguments[Flags.temperature] != nil), ("--top-p", arguments[Flags.topP] != nil),
            ("--top-k", arguments[Flags.topK] != nil), ("--min-p", arguments[Flags.minP] != nil),
        ]
        let given = knobs.filter(\.isGiven).map(\.name), cuts = given.filter { $0 != "--temperature" }
        if cuts.count > 1 { throw InputError("\(cuts[0]) and \(cuts[1]) exclude each other") }
        let filterName = arguments[Flags.filter]
        let filter = filterName.flatMap { NucleusFilter(rawValue: $0) } ?? .hard

        if let folder = arguments[Flags.heads] {
            if let knob = given.first {
                throw InputError("--heads and \(knob) exclude each other: the heads choose temperature and top-p")
            }
            if arguments[Flags.greedy] { throw InputError("--heads and --greedy exclude each other") }
            self = .heads(folder: folder, filter)
            return
        }
        if arguments[Flags.greedy] {
            if let knob = given.first ?? filterName.map({ _ in "--filter" }) {
                throw InputError("--greedy and \(knob) exclude each other: greedy decoding draws nothing")
            }
            self = .greedy
            return
        }
        if filterName != nil && arguments[Flags.topP] == nil {
            throw InputError("--filter says what top-p means and needs --top-p or --heads")
        }
        let truncation: Truncation =
            if let p = arguments[Flags.topP] {
                .topP(p, filter)
            } else if let k = arguments[Flags.topK] {
                .topK(k)
            } else if let share = arguments[Flags.minP] {
                .minP(share)
            } else {
                .none
            }
        self = .knobs(temperature: arguments[Flags.temperature] ?? 1, truncation)
        _ = try staticPolicy()
    }

    /// Whether every completion of a prompt is the same.
    var isGreedy: Bool {
        if case .knobs(temperature: 0, _) = self { return true }
        return self == .greedy
    }

    /// The policy for a model.
    ///
    /// - Throws: for heads that cannot be read, and for those of a model of other sizes, or of
    ///   another model where this one does not accept them.
    func policy(for model: ModelConfiguration) throws -> any DecodingPolicy {
        guard case .heads(let folder, let filter) = self else { return try staticPolicy() }
        let heads = try AutoDecoHeads<Float>(
            folder: URL(fileURLWithPath: folder, isDirectory: true), hiddenSize: model.hiddenSize,
            vocabularySize: model.vocabularySize,
            modelFingerprint: model.acceptsAnyHeads ? nil : model.modelFingerprint)
        return HeadsPolicy(heads: heads, filter: filter)
    }

    private func staticPolicy() throws -> any DecodingPolicy {
        guard case .knobs(let temperature, let truncation) = self else { return GreedyPolicy() }
        return try SamplingPolicy(temperature: .fixed(temperature), truncation: truncation)
    }
}
