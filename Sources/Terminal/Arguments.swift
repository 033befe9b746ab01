/// What a command line gave, read by the flags and positionals that declare it.
public struct Arguments: Sendable {
    /// Of each declared flag the texts given; a switch that is given has one, empty.
    var flags: [String: [String]]
    /// Of each declared positional the texts given.
    var positionals: [String: [String]]

    /// The flag's value. The flag must be among those that the command declares.
    public subscript<Value>(flag: Flag<Value>) -> Value {
        guard let texts = flags[flag.declaration.name] else {
            preconditionFailure("the command does not declare --\(flag.declaration.name)")
        }
        return flag.read(texts)
    }

    /// The argument's value. The positional must be among those that the command declares.
    public subscript<Value>(positional: Positional<Value>) -> Value {
        guard let texts = positionals[positional.declaration.name] else {
            preconditionFailure("the command does not declare \(positional.declaration.name)")
        }
        return positional.read(texts)
    }
}
