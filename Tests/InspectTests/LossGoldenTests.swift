import Foundation
import Goldens
import Safetensors
import Testing

/// What `autodeco-inspect predict` and `loss` write about heads of the published width, against PyTorch's float64
/// (data/scripts/make_loss_goldens.py).
@Suite struct LossGoldenTests {
    private struct Report: Decodable {
        struct Released: Decodable { var temp_loss, top_p_loss: Double }

        var released: Released
        var joint: Double
        var tokens: Int
        var kept: Int
    }

    /// Sums of 40 logits and of products of 256 are rounded in other orders: by 1e-15, or 6e-7 in Float. Slopes
    /// multiply that: by α = 30 at the mask and 1/T̂² = 90 at the lowest T̂, and derivatives have slopes of their own.
    @Test(arguments: [("double", 1e-11), ("float", 5e-5)], [[], ["--sketch", "64,4"]])
    func losses(precision: (name: String, tolerance: Double), sketch: [String]) throws {
        let golden = try SafetensorsFile(url: Goldens.own("losses/published.safetensors"))
        let heads = try Self.heads(golden)
        let gradients = heads.path("gradients.safetensors")
        let tokens = heads.path("tokens.safetensors")
        let json = try Program.run(
            [
                "loss", "--heads", heads.url.path, "--input", golden.path, "--gradients", gradients, "--tokens", tokens,
                "--json",
                "--precision", precision.name,
            ] + sketch)
        let report = try JSONDecoder().decode(Report.self, from: json)

        var held = Comparison("loss in \(precision.name) \(sketch.joined(separator: " "))")
        func expect(_ name: String, _ got: [Double]) throws {
            held.note(got, try golden.tensor(name).values(as: Double.self), name)
        }
        try expect("temp_loss", [report.released.temp_loss])
        try expect("top_p_loss", [report.released.top_p_loss])
        try expect("joint", [report.joint])
        #expect(
            try golden.tensor("kept").values(as: Int.self) == [report.kept]
                && golden.tensor("labels").count == report.tokens)
        #expect(report.kept < report.tokens)
        let written = try SafetensorsFile(path: gradients)
        let wanted = golden.names.filter { $0.hasPrefix("grad.") }
        #expect(Set(written.names) == Set(wanted) && wanted.count == 24)
        for name in wanted { try expect(name, written.tensor(name).values(as: Double.self)) }
        let perToken = try SafetensorsFile(path: tokens)
        for name in ["token_loss", "d_temperature", "d_top_p"] {
            try expect(name, perToken.tensor(name).values(as: Double.self))
        }
        held.expect(within: precision.tolerance)
    }

    /// As above; features and sigmoids have no slope above 1.
    @Test(arguments: [("double", 1e-13), ("float", 2e-6)])
    func predictions(precision: (name: String, tolerance: Double)) throws {
        let golden = try SafetensorsFile(url: Goldens.own("losses/published.safetensors"))
        let heads = try Self.heads(golden)
        let output = heads.path("predictions.safetensors")
        _ = try Program.run(
            [
                "predict", "--heads", heads.url.path, "--input", golden.path, "--output", output, "--precision",
                precision.name,
            ])
        let written = try SafetensorsFile(path: output)
        var held = Comparison("predict in \(precision.name)")
        for name in ["temperature", "top_p"] {
            held.note(
                try written.tensor(name).values(as: Double.self), try golden.tensor(name).values(as: Double.self), name)
        }
        held.expect(within: precision.tolerance)
    }

    /// A heads folder of the golden's parameters.
    private static func heads(_ golden: SafetensorsFile) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let size = try golden.tensor("hidden").shape[1]
        // Its other tensors are nobody's business there.
        try FileManager.default.copyItem(atPath: golden.path, toPath: folder.path("model.safetensors"))
        let flags = ["enable_temperature_head", "enable_top_p_head", "use_enhanced_features"].map { "\"\($0)\": true" }
        let config = "{\"hidden_size\": \(size), \(flags.joined(separator: ", "))}"
        try Data(config.utf8).write(to: folder.url.appendingPathComponent("config.json"))
        return folder
    }
}

/// The largest |got − want| / (1 + |want|) of many comparisons, and where it was.
struct Comparison {
    private let title: String
    private var difference = 0.0, place = "nowhere"

    init(_ title: String) { self.title = title }

    mutating func note(_ got: [Double], _ want: [Double], _ name: String) {
        guard got.count == want.count else {
            (difference, place) = (.infinity, "\(name): \(got.count) for \(want.count)")
            return
        }
        for (i, (g, w)) in zip(got, want).enumerated() {
            let error = abs(g - w) / (1 + abs(w))
            if !(error <= difference) {
                (difference, place) = (error.isNaN ? .infinity : error, "\(name) \(i): \(g) for \(w)")
            }
        }
    }

    func expect(within tolerance: Double) {
        print("\(title): \(difference) at \(place)")
        #expect(difference <= tolerance && place != "nowhere", "\(title), \(place)")
    }
}
