import Safetensors

extension ElementType {
    /// What stands for the types in a file; those that are not read, for messages.
    private static let types: [(number: UInt32, type: ElementType)] = [
        (0, .f32), (1, .f16), (2, .q40), (3, .q41), (6, .q50), (7, .q51), (8, .q80), (10, .q2k), (11, .q3k), (12, .q4k),
        (13, .q5k), (14, .q6k), (20, .iq4nl), (23, .iq4xs), (30, .bf16), (39, .mxfp4),
    ]
    private static let otherNames: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        21: "IQ3_S", 22: "IQ2_S", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0",
        35: "TQ2_0", 40: "NVFP4", 41: "Q1_0",
    ]

    init?(inGGUF number: UInt32) {
        guard let found = Self.types.first(where: { $0.number == number }) else { return nil }
        self = found.type
    }

    /// The name of a type that is not read.
    static func nameInGGUF(_ number: UInt32) -> String { otherNames[number] ?? "\(number)" }

    /// Those that are read: "F32, F16, …".
    static let namesInGGUF = types.map(\.type.rawValue).joined(separator: ", ")
}
