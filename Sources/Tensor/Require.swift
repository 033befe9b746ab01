/// Stops the program where `condition` does not hold, with `message`, in release builds too.
///
/// For mistakes of the program such as shapes that do not fit; `precondition` would drop its message in a release
/// build. What a user can cause is thrown instead.
@inlinable @inline(__always)
public func require(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !condition { stop(message(), file, line) }
}

@usableFromInline @inline(never)
func stop(_ message: String, _ file: StaticString, _ line: UInt) -> Never {
    fatalError(message, file: file, line: line)
}
