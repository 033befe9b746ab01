import AutoDecoHeads
import Backbone
import Dispatch
import Files
import Foundation
import Safetensors
import Scoring
import Tasks
import Trajectories

/// Measures all methods of a plan, and goes on where it was ended.
///
/// Each method is sampled seed by seed, and each seed's outcomes are kept in a file of their own; the results are
/// written anew with what is there every now and then, and when it ends. Whatever is there already is read in place of
/// being sampled, so that the results do not depend on how often a run was ended.
public final class Evaluator {
    /// What happens, for whoever shows how far it is.
    public enum Event: Sendable {
        /// What heads say about held-out tokens is read: so many altogether, then of each block.
        case diagnosing(tokens: Int)
        case diagnosed(tokens: Int)
        /// Before anything is sampled: completions of all methods together, and how many of them are there.
        case planned(completions: Int, stored: Int)
        case began(method: String)
        case completed(completions: Int)
        /// So many need not be sampled: another method has drawn the same ones.
        case shared(completions: Int)
    }

    private let plan: EvaluationPlan
    private let lock: FolderLock
    private let store: RunStore
    private let output: ResultsFolder
    private let assembly: ResultsAssembly
    private var measurements = Measurements()
    private var stored = 0
    /// Files that have been read or written, by name and fingerprint.
    private var known: [String: MethodRun] = [:]
    /// Of which rows and files progress has heard.
    private var counted: Set<String> = []
    private var greedyRegion = GreedyRegion()
    private var knobs: MeanKnobs?
    private var mode = Mode.reading
    /// When results were written last.
    private var written = DispatchTime.now()
    private var onEvent: (Event) -> Void = { _ in }
    private var isCancelled: () -> Bool = { false }

    private enum Mode { case reading, sampling }

    /// - Throws: where the folder cannot be written, or another process works in it.
    public init(_ plan: EvaluationPlan) throws {
        self.plan = plan
        lock = try FolderLock(plan.folder)
        store = try RunStore(plan.folder.appendingPathComponent("runs", isDirectory: true))
        output = ResultsFolder(plan.folder)
        assembly = ResultsAssembly(plan)
    }

    /// Measures what is not there yet, and writes the results.
    ///
    /// - Throws: `CancellationError` where it was cancelled; finished runs stay, and the results hold what is there.
    public func run(
        onEvent: @escaping (Event) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws -> EvaluationResults {
        (self.onEvent, self.isCancelled) = (onEvent, isCancelled)
        measurements.notes = plan.notes
        try diagnose()
        mode = .reading
        try measureAll()
        // What could not be judged before is shown until it has been asked again.
        try write()
        let unjudged = known.filter { $0.value.outcomes.hasFaultOfVerifier }
        for (key, run) in unjudged {
            known[key] = nil
            let uses = counted.filter { $0.hasSuffix(key) }
            counted.subtract(uses)
            stored -= uses.count * run.outcomes.samples
        }
        greedyRegion = GreedyRegion()
        onEvent(.planned(completions: plan.completions, stored: stored))
        mode = .sampling
        do { try measureAll() } catch {
            // What was measured before it ended is shown, too.
            try write()
            throw error
        }
        let results = assembly.results(measurements)
        try output.write(results)
        return results
    }

    /// What is there, in the order in which it is of use to whoever looks at unfinished results.
    private func measureAll() throws {
        for planned in plan.methods.knobs { _ = try measure(planned) }
        if let autoDeco = plan.methods.autoDeco { _ = try measure(autoDeco) }
        if let pair = try meanPair() { _ = try measure(plan.methods.meanShift(pair)) }
        measurements.grid = try GridSearch(plan.methods.gridPairs, finalists: plan.settings.gridFinalists) {
            try point($1 == .all ? plan.methods.gridPoint($0) : plan.methods.finalist($0))
        }
        if let best = measurements.grid?.best { _ = try measure(plan.methods.pick(best, .bestPair)) }
        measurements.tuning = try ExpertTuning(
            temperatures: plan.settings.temperatures, topPs: plan.settings.topPs,
            measure: { try point(plan.methods.searched($0)) })
        if let best = measurements.tuning?.best { _ = try measure(plan.methods.pick(best, .paperPair)) }
        let rest = plan.methods.rivals + plan.methods.parts + plan.methods.baselines + plan.methods.filters
        for planned in rest { _ = try measure(planned) }
        try measureCommands()
        try generate()
    }

    /// A static pair that is tried. Where nothing but the likeliest token can be drawn greedy decoding has drawn it.
    private func point(_ planned: PlannedMethod) throws -> MethodResult? {
        guard let pair = planned.pair else { return try measure(planned) }
        guard greedyRegion.contains(pair), let greedy = measurements.rows[.role(.greedy)], greedy.isComplete else {
            let result = try measure(planned)
            if result?.outcomes.isCertain == true { greedyRegion.insert(pair) }
            return result
        }
        count(planned.samplesPerProblem * plan.sampler.problems.count, of: planned, "greedy")
        measurements.record(plan.methods.certain(planned), greedy.runs)
        return MethodResult(method: planned.name, runs: greedy.runs.map(\.outcomes))
    }

    /// Tells of completions that a row need not sample, once.
    private func count(_ completions: Int, of planned: PlannedMethod, _ file: String) {
        guard counted.insert("\(planned.kind) \(file)").inserted else { return }
        if mode == .reading { stored += completions } else { onEvent(.shared(completions: completions)) }
    }

    /// - Returns: nil where not all seeds are there, which only reading leaves so.
    private func measure(_ planned: PlannedMethod) throws -> MethodResult? {
        let runs = try runs(
            planned.runName, planned.method, plan.sampler, samples: planned.samples, seeds: planned.seeds,
            plan.fingerprint, of: planned,
            onSampled: { runs in
                measurements.record(planned, runs)
                try refresh()
            })
        measurements.record(planned, runs)
        return runs.count == planned.seeds.count ? MethodResult(method: planned.name, runs: runs.map(\.outcomes)) : nil
    }

    /// One method under some seeds, each read or sampled.
    ///
    /// - Parameters:
    ///   - row: whose they are; nil where they are no row's.
    ///   - onSampled: sees the runs of the first seeds, each time that there are more.
    /// - Returns: the runs of the first seeds; all of them where sampling is allowed.
    private func runs(
        _ name: String, _ method: Method, _ sampler: MethodSampler, samples: Int, seeds: [Int], _ base: Fingerprint,
        of row: PlannedMethod? = nil, onSampled: ([MethodRun]) throws -> Void = { _ in }
    ) throws -> [MethodRun] {
        let files = seeds.map { seed in
            var fingerprint = base
            fingerprint.add("method", method.setting)
            fingerprint.add("samples", samples)
            fingerprint.add("seed", seed)
            return (name: "\(name)-\(seed)", fingerprint: fingerprint, key: "\(name)-\(seed) \(fingerprint.text)")
        }
        let expected = Expected(
            problems: sampler.problems.map(\.id), samples: method.isDeterministic ? 1 : samples,
            maxTokens: sampler.maxTokens)
        for file in files where known[file.key] == nil {
            guard let run: MethodRun = try store.load(file.name, file.fingerprint, flaw: expected.flaw) else {
                continue
            }
            // Where the verifier failed nobody knows about the completions: they are never kept as final.
            if mode == .sampling, run.outcomes.hasFaultOfVerifier { continue }
            known[file.key] = run
            if row == nil { stored += run.outcomes.samples }
        }
        // A row of heads under the filter of AutoDeco's is planned once, with that one.
        if let row, row.group != .filters || row.runName == row.name {
            for file in files { if let run = known[file.key] { count(run.outcomes.samples, of: row, file.key) } }
        }
        func found() -> [MethodRun] { Array(files.map { known[$0.key] }.prefix { $0 != nil }.compactMap(\.self)) }
        let missing = seeds.indices.filter { known[files[$0].key] == nil }
        guard mode == .sampling, !missing.isEmpty else { return found() }
        if isCancelled() { throw CancellationError() }
        onEvent(.began(method: name))
        try sampler.runs(
            method, samples: samples, seeds: missing.map { UInt64(bitPattern: Int64(seeds[$0])) },
            onCompletion: { onEvent(.completed(completions: 1)) },
            onRun: { place, run in
                let file = files[missing[place]]
                try store.save(run, file.name, file.fingerprint)
                known[file.key] = run
                if let row { counted.insert("\(row.kind) \(file.key)") }
                try onSampled(found())
            }, isCancelled: isCancelled)
        return found()
    }

    /// Intervals and the page take a second or two, so that what is not the last of it is not written after each seed.
    private static let secondsBetweenResults = 20.0

    private func refresh() throws {
        guard
            Double(DispatchTime.now().uptimeNanoseconds - written.uptimeNanoseconds) / 1e9 >= Self.secondsBetweenResults
        else { return }
        try write()
    }

    private func write() throws {
        try output.write(assembly.results(measurements))
        written = DispatchTime.now()
    }

    // MARK: What heads say

    private func diagnose() throws {
        guard let heads = plan.heads?.heads, let heldOut = plan.heldOut else { return }
        func check(_ tokens: Int) throws {
            if isCancelled() { throw CancellationError() }
            onEvent(.diagnosed(tokens: tokens))
        }
        onEvent(.diagnosing(tokens: (1 + plan.allHeads.count) * heldOut.trajectories.tokens))
        for (rows, trained) in plan.allHeads {
            let found = try MeanKnobs(
                of: trained.heads, on: heldOut.cache, over: heldOut.trajectories, progress: check)
            if rows.contains(.role(.autoDeco)) { knobs = found }
            for row in rows { measurements.uncertain[row] = found.uncertain }
        }
        do {
            measurements.diagnosis = try TokenDiagnosis(
                of: heads, on: heldOut.cache, over: heldOut.trajectories, seed: heldOut.seed,
                isWeighted: heldOut.isWeighted, progress: check)
        } catch let error as ScoringError { measurements.notes.append("No diagnosis: \(error).") }
    }

    /// The heads' average as a constant pair.
    private func meanPair() throws -> StaticPair? {
        if knobs == nil, let heads = plan.heads, let sampler = plan.validation,
            let fingerprint = plan.validationFingerprint
        {
            let method = heads.method("average of the heads", filter: plan.settings.filter)
            knobs = try runs(method.name, method, sampler, samples: 1, seeds: [plan.settings.seed], fingerprint).first
                .flatMap { MeanKnobs(of: $0.outcomes) }
        }
        return knobs?.pair
    }

    private func measureCommands() throws {
        guard let plain = plan.plain, let method = plan.methods.autoDeco?.method else { return }
        func outcomes(_ command: Countdown.Command?, _ sampler: MethodSampler) throws -> Outcomes? {
            var fingerprint = plan.fingerprint
            fingerprint.add("evaluation.problems", sampler.problems.count)
            fingerprint.add("task.command", command?.rawValue ?? "null")
            let name = command.map { "command \($0.rawValue)" } ?? "no command"
            return try runs(
                name, method, sampler, samples: EvaluationPlan.commandSamples, seeds: [plan.settings.seed], fingerprint
            ).first?.outcomes
        }
        let without = try outcomes(nil, plain),
            with = try plan.commands.map { ($0.command, try outcomes($0.command, $0.sampler)) }
        guard let without, with.allSatisfy({ $0.1 != nil }) else { return }
        measurements.commands = assembly.commandEffects(
            plain: without, spoken: with.compactMap { command, found in found.map { (command, $0) } })
        if mode == .sampling { try write() }
    }

    private func generate() throws {
        guard plan.generations > 0, let method = plan.methods.autoDeco?.method else { return }
        var fingerprint = plan.fingerprint
        fingerprint.add("method", method.setting)
        fingerprint.add("generations", plan.generations)
        fingerprint.add("seed", plan.settings.seed)
        let name = "generations"
        if measurements.generations == nil {
            let expected = Expected(
                problems: plan.sampler.problems.prefix(plan.generations).map(\.id), samples: 1,
                maxTokens: plan.sampler.maxTokens)
            measurements.generations = try store.load(name, fingerprint, flaw: expected.flaw)
            stored += measurements.generations?.count ?? 0
        }
        guard measurements.generations == nil, mode == .sampling else { return }
        onEvent(.began(method: name))
        let generations = try plan.sampler.generations(
            method, problems: plan.generations, seed: UInt64(bitPattern: Int64(plan.settings.seed)),
            isCancelled: isCancelled)
        try store.save(generations, name, fingerprint)
        measurements.generations = generations
        onEvent(.completed(completions: plan.generations))
    }
}

extension EvaluationPlan {
    /// Completions a problem with each word, and without one.
    static let commandSamples = 8

    var generations: Int { methods.autoDeco == nil ? 0 : min(settings.generations, sampler.problems.count) }

    /// Of all methods.
    var completions: Int {
        methods.completions(problems: sampler.problems.count) + (validation?.problems.count ?? 0)
            + (plain?.problems.count ?? 0) * (1 + commands.count) * Self.commandSamples + generations
    }
}
