/// A number and what it counts, for a message: "1 layer", "2 layers".
///
/// - Parameters:
///   - one: the word for a single thing.
///   - many: the word for several; `one` with an s where it is nil.
public func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}
