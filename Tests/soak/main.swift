import Foundation
import Terminal

// Damages sound files of every kind, and sees that whoever reads them says so: no signal, no hang, no error without a
// sentence. `make soak` calls `soak run`; `soak one --number N` reads one mutant in this process, for a debugger.

private let seed = Flag.seed("seed", "N", "of all damages").default(1)
private let mutants = Flag.integer("mutants", "N", in: 1...100_000_000, "mutants of all kinds together").default(
    100_000)
private let workers = Flag.integer("workers", "N", in: 1...256, "processes that read mutants at a time").default(2)
private let commands = Flag.integer("commands", "N", in: 0...1_000_000, "mutants that real programs read").default(500)
private let programs = Flag.string("programs", "DIR", "folder of the programs").default(".build/release")
private let keep = Flag.string("keep", "DIR", "receives the mutants that fell").default("runs/soak")
private let number = Flag.integer("number", "N", in: 0...100_000_000, "the mutant").default(0)
private let tally = Flag.string("tally", "FILE", "where a worker's tally is").required()
private let folderFlag = Flag.string("folder", "DIR", "where a worker's mutants lie").required()

private func makeWorker(_ arguments: Arguments, folder: URL) throws -> Worker {
    let originals = folder.deletingLastPathComponent().appendingPathComponent(
        "originals-\(getpid())", isDirectory: true)
    return Worker(artefacts: try Artefacts(in: originals), seed: UInt64(arguments[seed]), folder: folder)
}

private func workplace() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "autodeco-soak-\(getpid())", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

private let runCommand = Command(
    "run", "Reads damaged files of every kind.", flags: [seed, mutants, workers, commands, programs, keep]
) { arguments, console in
    Interruption.watch()
    let place = try workplace()
    defer { try? FileManager.default.removeItem(at: place) }
    let worker = try makeWorker(arguments, folder: place.appendingPathComponent("mutants", isDirectory: true))
    try worker.readOriginals()
    let plan = Supervisor.Plan(
        seed: arguments[seed], mutantCount: arguments[mutants], workerCount: arguments[workers],
        commandCount: arguments[commands],
        programs: URL(fileURLWithPath: arguments[programs]), keep: URL(fileURLWithPath: arguments[keep]),
        workplace: place)
    let supervisor = Supervisor(plan, worker)
    let reading = console.progress("mutants", of: arguments[mutants])
    var before = 0
    let tallies = try supervisor.readAll { count in
        try Interruption.check()
        reading.advance(by: count - before)
        before = count
    }
    reading.finish()
    let running = console.progress("programs", of: arguments[commands])
    let ran = try supervisor.runCommands { _ in
        try Interruption.check()
        running.advance(by: 1)
    }
    running.finish()
    for (kind, artefact) in worker.artefacts.all.enumerated() {
        let read = tallies.reduce(0) { $0 + $1.read[kind] }, refused = tallies.reduce(0) { $0 + $1.refused[kind] }
        try console.print("\(artefact.name): \(Readable.count(read)) read, \(Readable.count(refused)) refused")
    }
    for fall in supervisor.falls { try console.print(fall.words) }
    let words =
        "seed \(arguments[seed]): \(Readable.count(arguments[mutants], "mutant")) and "
        + "\(Readable.count(ran, "run")) of programs"
    guard supervisor.falls.isEmpty else {
        throw SoakError("\(words), of which \(supervisor.falls.count) fell; they are kept in \(arguments[keep])")
    }
    try console.print("\(words): no signal, no hang, and a sentence for each that was refused")
}

private let workerCommand = Command(
    "worker", "Reads a share of the mutants; run starts it.", flags: [seed, mutants, workers, tally, folderFlag]
) { arguments, _ in
    // A size that is believed ends here, and not in the machine's swap.
    var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    let worker = try makeWorker(arguments, folder: URL(fileURLWithPath: arguments[folderFlag], isDirectory: true))
    try worker.run(until: arguments[mutants], by: arguments[workers], tally: arguments[tally])
}

private let oneCommand = Command("one", "Reads one mutant in this process.", flags: [seed, number]) {
    arguments, console in
    let place = try workplace()
    defer { try? FileManager.default.removeItem(at: place) }
    let worker = try makeWorker(arguments, folder: place.appendingPathComponent("mutant", isDirectory: true))
    try worker.prepare(arguments[number])
    let artefact = worker.artefacts.all[worker.kind(of: arguments[number])]
    console.note("\(artefact.name) in \(worker.folder.path)")
    try artefact.read(worker.folder)
    try console.print("read")
}

Command("soak", "Damages files of every kind, and reads them.", subcommands: [runCommand, workerCommand, oneCommand])
    .main()
