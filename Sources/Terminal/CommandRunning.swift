import Foundation

extension Command {
    /// Runs the program: parses the command line, runs the body and ends the process.
    ///
    /// | outcome | exit status |
    /// |---|---|
    /// | the body returns, or help or the version was asked for | 0 |
    /// | anything but `Interrupted` is thrown | 2, and `name: error: sentence` on one line of stderr |
    /// | `Interrupted` is thrown | 130 |
    ///
    /// Where nobody reads stdout any more, as in `… | head`, the process ends quietly by SIGPIPE.
    ///
    /// - Parameter kernels: which kernels do the arithmetic, in words, for `--version`.
    public func main(
        _ words: [String] = Array(CommandLine.arguments.dropFirst()), kernels: @autoclosure () -> String = ""
    ) -> Never {
        // A parent may have set the signal to be ignored; then every write would fail instead.
        signal(SIGPIPE, SIG_DFL)
        exit(run(words, streams: .standard, kernels: kernels()))
    }

    /// All of `main` but the end of the process.
    ///
    /// - Returns: the exit status.
    func run(_ words: [String], streams: Streams, kernels: @autoclosure () -> String = "") -> Int32 {
        do {
            switch try parse(words) {
            case .help(let command, let path):
                try streams.writeResult(command.helpText(path: path, width: streams.resultWidth()))
            case .version:
                try streams.writeResult(
                    Version.text(program: name, commit: Version.commit(), kernels: kernels()) + "\n")
            case .run(let command, let arguments):
                let console = Console(streams: streams, isQuiet: arguments[Self.quiet])
                defer { console.clearLiveLine() }
                try command.body(arguments, console)
            }
            return 0
        } catch is Interrupted {
            streams.writeDiagnostic("\(name): interrupted\n")
            return 130
        } catch {
            streams.writeDiagnostic("\(name): error: \(sentence(for: error))\n")
            return 2
        }
    }
}

/// An error in words, on one line.
func sentence(for error: any Error) -> String {
    let text: String
    if let reason = (error as? any LocalizedError)?.errorDescription {
        text = reason
    } else if error is CocoaError || type(of: error) is NSError.Type {
        text = error.localizedDescription
    } else {
        text = String(describing: error)
    }
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
