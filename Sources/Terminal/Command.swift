/// A command line program, or one of its subcommands: a name, flags and a body.
///
///     let inspect = Command("autodeco-inspect", "Looks into any artefact.", subcommands: [
///         Command("heads", "A summary of heads.", flags: [json], positionals: [folder]) { arguments, console in
///             try console.print("heads in \(arguments[folder])")
///         }
///     ])
///     inspect.main()
///
/// Every command also takes `--quiet`, `--version` and `--help`.
public struct Command: Sendable {
    /// What a command does with its arguments; results, notes and progress go through the console.
    public typealias Body = @Sendable (_ arguments: Arguments, _ console: Console) throws -> Void

    let name: String
    let summary: String
    let subcommands: [Command]
    let flags: [FlagDeclaration]
    let positionals: [PositionalDeclaration]
    let body: Body

    /// A command that does something itself.
    ///
    /// - Parameters:
    ///   - summary: one sentence for help.
    ///   - flags: all different; `quiet`, `version` and `help` are taken.
    ///   - positionals: required ones, then optional ones, then at most one for the rest.
    public init(
        _ name: String, _ summary: String, flags: [any DeclaredFlag] = [], positionals: [any DeclaredPositional] = [],
        body: @escaping Body
    ) {
        self.name = name
        self.summary = summary
        subcommands = []
        self.flags =
            flags.map(\.declaration)
            + [Self.quiet.declaration, Self.version.declaration, Self.help.declaration]
        self.positionals = positionals.map(\.declaration)
        self.body = body
        let names = self.flags.map(\.name)
        let order = self.positionals.map(\.presence)
        precondition(Set(names).count == names.count, "\(name) declares a flag twice")
        precondition(
            order == order.sorted() && order.filter { $0 == .rest }.count <= 1, "\(name) has positionals out of order")
    }

    /// A command whose first argument says what to do.
    public init(_ name: String, _ summary: String, subcommands: [Command]) {
        precondition(!subcommands.isEmpty, "\(name) has no subcommands")
        self.name = name
        self.summary = summary
        self.subcommands = subcommands
        flags = [Self.version.declaration, Self.help.declaration]
        positionals = []
        body = { _, _ in preconditionFailure("parsing always goes on to a subcommand") }
    }

    static let quiet = Flag.switch("quiet", "print no progress and no notes")
    static let version = Flag.switch("version", "print version, commit and kernels")
    static let help = Flag.switch("help", "print this help")
}
