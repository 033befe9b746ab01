/// What a method did under one seed.
public struct MethodRun: Sendable, Equatable, Codable {
    public let outcomes: Outcomes
    /// How long it took, the verifier's time included.
    public let seconds: Double
}
