import Files
import Foundation

extension GGUFModel {
    /// `rope_theta` and `rope_scaling`.
    func setRope(_ file: inout PublishedObject, headSize: Int, context: Int) throws {
        let key = "\(architecture.rawValue).rope"
        let base = try metadata.positive("\(key).freq_base", default: 10_000)
        file.set("rope_theta", number: base)
        let type = try metadata.text("\(key).scaling.type", default: "none")
        if let factors = try ropeFactors(count: headSize / 2) {
            guard type == "none" else {
                throw metadata.failure(
                    "\(key).scaling.type",
                    expected: "none, for the tensor \(quoted(Self.ropeFactorsName)) scales already")
            }
            file.set("rope_scaling", object: try Self.scaling(factors, base: base, path: path))
            return
        }
        switch type {
        case "none": return
        case "linear", "yarn":
            var scaling = PublishedObject()
            scaling.set("rope_type", text: type)
            scaling.set("factor", number: try metadata.positive("\(key).scaling.factor"))
            if type == "yarn" {
                scaling.set(
                    "original_max_position_embeddings",
                    try metadata.integer(
                        "\(key).scaling.original_context_length", in: 1...Int(Int32.max), default: context))
                if let factor = metadata["\(key).scaling.attn_factor"], factor.number != 1 {
                    throw metadata.failure("\(key).scaling.attn_factor", expected: "1")
                }
                for (here, there, usual) in [("yarn_beta_fast", "beta_fast", 32.0), ("yarn_beta_slow", "beta_slow", 1)]
                {
                    scaling.set(there, number: try metadata.positive("\(key).scaling.\(here)", default: usual))
                }
                if architecture == .gptOSS { scaling.set("truncate", false) }
            }
            file.set("rope_scaling", object: scaling)
        default:
            throw metadata.failure("\(key).scaling.type", expected: "none, linear or yarn")
        }
    }

    /// What frequencies are divided by; nil where the file has no such tensor.
    private func ropeFactors(count: Int) throws -> [Float]? {
        guard let tensor = parts.find(Self.ropeFactorsName) else { return nil }
        guard tensor.shape == [count], tensor.type == .f32 else {
            throw FileError(
                .malformed, file: path, byte: tensor.entry.byteRange.lowerBound,
                "found tensor \(quoted(Self.ropeFactorsName)) of type \(tensor.type.rawValue) with "
                    + "\(counted(tensor.count, "number")), expected F32 with \(count), one a pair of a head")
        }
        let factors = try tensor.values(as: Float.self)
        guard let index = factors.firstIndex(where: { !($0 > 0 && $0 < .infinity) }) else { return factors }
        throw FileError(
            .malformed, file: path, byte: tensor.entry.byteRange.lowerBound + 4 * index,
            "found \(factors[index]) in tensor \(quoted(Self.ropeFactorsName)), expected numbers above 0")
    }

    /// The settings from which converters made the factors: llama 3's, whose two bounds are 1 and 4 in every published
    /// model, and whose original context is a power of two.
    private static func scaling(_ factors: [Float], base: Double, path: String) throws -> PublishedObject {
        let factor = Double(factors.max() ?? 1), low = 1.0, high = 4.0
        for exponent in 4...24 {
            let original = Double(1 << exponent)
            let made = factors.indices.map { pair in
                let frequency = 1 / Foundation.pow(base, Double(pair) / Double(factors.count))
                // How often the wave turns within the original context.
                let turns = original * frequency / (2 * .pi)
                if turns < low { return factor }
                if turns > high { return 1 }
                let smooth = (turns - low) / (high - low)
                return 1 / ((1 - smooth) / factor + smooth)
            }
            guard zip(made, factors).allSatisfy({ abs($0 - Double($1)) <= 1e-4 * Double($1) }) else { continue }
            var scaling = PublishedObject()
            scaling.set("rope_type", text: "llama3")
            scaling.set("factor", number: factor)
            scaling.set("low_freq_factor", number: low)
            scaling.set("high_freq_factor", number: high)
            scaling.set("original_max_position_embeddings", Int(original))
            return scaling
        }
        throw FileError(
            .malformed, file: path,
            "found factors in tensor \(quoted(ropeFactorsName)) that do not follow from llama 3's rule, expected those "
                + "of a power of two as original context, and bounds of 1 and 4")
    }
}
