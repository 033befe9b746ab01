import Foundation

/// A second start of the running program under another environment: for choices that a library makes while it is
/// loaded.
public enum Restart {
    /// Starts the program anew with `name=value` in its environment, with the same arguments.
    ///
    /// Does nothing where the variable is set already, so that a program starts anew once at most. Returns only where
    /// nothing was to be done, or where the system refuses; the program then goes on as it is.
    public static func setting(_ name: String, to value: String) {
        guard getenv(name) == nil else { return }
        setenv(name, value, 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
