import Foundation

/// Lets workers read all mutants in processes of their own, and says which of these ended or hung.
///
/// A class because several workers are looked after at once; one thread uses it.
final class Supervisor {
    /// Something that no mutant may do.
    struct Fall {
        let number: Int
        let words: String
    }

    /// A worker's process, and since when it reads the same mutant.
    private struct Place {
        let index: Int
        var process: Process
        var number: Int
        var since: Date
    }

    private let worker: Worker
    private let plan: Plan
    private(set) var falls: [Fall] = []

    /// What is asked for.
    struct Plan {
        var seed: Int
        var mutantCount: Int
        var workerCount: Int
        var commandCount: Int
        /// Folder of the programs.
        var programs: URL
        /// Folder for mutants that fell.
        var keep: URL
        /// Folder for all else.
        var workplace: URL
    }

    /// Longest time for one mutant, in seconds.
    private static let patience = 10.0

    init(_ plan: Plan, _ worker: Worker) { (self.plan, self.worker) = (plan, worker) }

    /// Reads all mutants in workers.
    ///
    /// - Parameter progress: hears now and then how many are done.
    /// - Returns: the tallies of all workers.
    func readAll(progress: (Int) throws -> Void) throws -> [Tally] {
        let kinds = worker.artefacts.all.count
        for index in 0..<plan.workerCount {
            let descriptor = open(tallyPath(index), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            Tally(first: index, kinds: kinds).write(to: descriptor)
            close(descriptor)
        }
        var places = try (0..<plan.workerCount).map {
            Place(index: $0, process: try start($0), number: $0, since: Date())
        }
        while !places.isEmpty {
            usleep(50_000)
            places = try places.compactMap(lookAfter)
            try progress((0..<plan.workerCount).reduce(0) { $0 + doneCount($1) })
        }
        return (0..<plan.workerCount).compactMap { Tally(contentOf: tallyPath($0), kinds: kinds) }
    }

    /// Lets real programs read some mutants: they are to end with 0 or 2.
    ///
    /// - Returns: how many ran.
    func runCommands(progress: (Int) throws -> Void) throws -> Int {
        var done = 0, number = 0
        while done < plan.commandCount {
            defer { number += 1 }
            let artefact = worker.artefacts.all[worker.kind(of: number)]
            guard let command = artefact.command else { continue }
            try worker.prepare(number)
            let (program, arguments) = command(worker.folder)
            let process = Process()
            process.executableURL = plan.programs.appendingPathComponent(program)
            process.arguments = arguments
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            let start = Date()
            while process.isRunning, Date().timeIntervalSince(start) < Self.patience { usleep(2000) }
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                fall(number, "\(program) was still at it after \(Int(Self.patience)) seconds", folder: worker.folder)
            }
            process.waitUntilExit()
            let status = process.terminationStatus
            if process.terminationReason == .uncaughtSignal, status != SIGKILL {
                fall(number, "\(program) ended by signal \(status)", folder: worker.folder)
            } else if process.terminationReason == .exit, status != 0, status != 2 {
                fall(number, "\(program) ended with status \(status)", folder: worker.folder)
            }
            done += 1
            try progress(done)
        }
        return done
    }

    private func tallyPath(_ index: Int) -> String { plan.workplace.appendingPathComponent("tally-\(index)").path }
    private func output(_ index: Int) -> URL { plan.workplace.appendingPathComponent("output-\(index).txt") }
    private func mutants(_ index: Int) -> URL {
        plan.workplace.appendingPathComponent("mutants-\(index)", isDirectory: true)
    }

    private func doneCount(_ index: Int) -> Int {
        guard let tally = Tally(contentOf: tallyPath(index), kinds: worker.artefacts.all.count) else { return 0 }
        return (tally.number - index) / plan.workerCount
    }

    private func start(_ index: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = [
            "worker", "--seed", "\(plan.seed)", "--mutants", "\(plan.mutantCount)", "--workers", "\(plan.workerCount)",
            "--tally", tallyPath(index), "--folder", mutants(index).path,
        ]
        try Data().write(to: output(index))
        process.standardOutput = try FileHandle(forWritingTo: output(index))
        process.standardError = FileHandle.nullDevice
        var environment = ProcessInfo.processInfo.environment
        // Its backtrace would take seconds of each fall.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment["OPENBLAS_NUM_THREADS"] = "1"
        process.environment = environment
        try process.run()
        return process
    }

    /// - Returns: nil where the worker has read all.
    private func lookAfter(_ place: Place) throws -> Place? {
        var place = place
        let number = Tally(contentOf: tallyPath(place.index), kinds: worker.artefacts.all.count)?.number ?? place.number
        if place.process.isRunning {
            if number != place.number { (place.number, place.since) = (number, Date()) }
            guard Date().timeIntervalSince(place.since) > Self.patience else { return place }
            kill(place.process.processIdentifier, SIGKILL)
            place.process.waitUntilExit()
            fall(number, "was still read after \(Int(Self.patience)) seconds", folder: mutants(place.index))
        } else {
            readOutput(place.index)
            guard place.process.terminationReason == .uncaughtSignal else {
                guard place.process.terminationStatus == 0 else {
                    throw SoakError("a worker ended with status \(place.process.terminationStatus) at mutant \(number)")
                }
                return nil
            }
            fall(number, "ended the process by signal \(place.process.terminationStatus)", folder: mutants(place.index))
        }
        // The next one goes on behind the mutant that fell.
        guard var tally = Tally(contentOf: tallyPath(place.index), kinds: worker.artefacts.all.count) else {
            throw SoakError("\(tallyPath(place.index)): is not whole")
        }
        tally.number = number + plan.workerCount
        let descriptor = open(tallyPath(place.index), O_WRONLY)
        tally.write(to: descriptor)
        close(descriptor)
        return Place(index: place.index, process: try start(place.index), number: tally.number, since: Date())
    }

    /// Refusals without a sentence that a worker has told of.
    private func readOutput(_ index: Int) {
        guard let text = try? String(contentsOf: output(index), encoding: .utf8) else { return }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[0]) else { continue }
            try? worker.prepare(number)
            fall(number, "is refused without a sentence: \(parts[1])", folder: worker.folder)
        }
    }

    /// Notes a fall, and keeps the mutant.
    private func fall(_ number: Int, _ words: String, folder: URL) {
        let name = worker.artefacts.all[worker.kind(of: number)].name
        falls.append(Fall(number: number, words: "mutant \(number), \(name): \(words)"))
        let target = plan.keep.appendingPathComponent("\(plan.seed)-\(number)", isDirectory: true)
        try? FileManager.default.createDirectory(at: plan.keep, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(at: target)
        try? FileManager.default.copyItem(at: folder, to: target)
    }
}
