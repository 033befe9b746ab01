import Foundation

/// Where a program's words go, and what time it is: the process's own, or stand-ins in tests.
public struct Streams: Sendable {
    /// Results, unchanged and in order. Throws where they cannot be written.
    var writeResult: @Sendable (String) throws -> Void
    /// Notes, progress and errors.
    var writeDiagnostic: @Sendable (String) -> Void
    /// Whether a line of diagnostics can be drawn over.
    var isLive: Bool
    /// Columns of the terminal that shows diagnostics; asked for each line, because windows change.
    var diagnosticWidth: @Sendable () -> Int
    /// Columns of the terminal that shows results.
    var resultWidth: @Sendable () -> Int
    /// Seconds since some moment, never going back.
    var now: @Sendable () -> Double

    /// stdout, stderr and the system's monotonic clock.
    public static let standard = Streams(
        writeResult: { text in
            let code = writeAll(text, to: STDOUT_FILENO)
            if code != 0 { throw OutputError(reason: String(cString: strerror(code))) }
        },
        writeDiagnostic: { _ = writeAll($0, to: STDERR_FILENO) },
        isLive: isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb",
        diagnosticWidth: { columns(of: STDERR_FILENO) },
        resultWidth: { columns(of: STDOUT_FILENO) },
        now: { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 })
}

/// Results that could not be written, for instance because the disk is full.
struct OutputError: Error, CustomStringConvertible {
    let reason: String
    var description: String { "cannot write the results: \(reason)" }
}

/// Writes all of the text.
///
/// - Returns: 0, or the system's error number.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let written = write(descriptor, rest.baseAddress, rest.count)
            if written >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
                continue
            }
            let code = errno
            if code == EAGAIN {  // Somebody else made the terminal non-blocking: wait until it takes more.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if code != EINTR {
                return code
            }
        }
        return 0
    }
}

/// Columns of the terminal behind a descriptor, 80 where there is none.
private func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}
