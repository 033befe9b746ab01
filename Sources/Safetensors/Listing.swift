import Files

/// A few names for a message: "4 tensors: 'a', 'b', 'c', …".
func listed(_ names: [String]) -> String {
    guard !names.isEmpty else { return "no tensors" }
    let few = names.prefix(6).map(quoted).joined(separator: ", ")
    return "\(names.count) tensor\(names.count == 1 ? "" : "s"): \(few)\(names.count > 6 ? ", …" : "")"
}

/// A shape for a message: "[2, 3]", cut after 16 sizes.
func listed(_ shape: [Int]) -> String {
    "[" + shape.prefix(16).map(String.init).joined(separator: ", ") + (shape.count > 16 ? ", …]" : "]")
}
