import Foundation
import Goldens
import Safetensors
import Testing

/// Heads with a number that is not finite are refused by whoever reads them, with the tensor's name.
@Suite struct UnsoundHeadsTests {
    @Test(arguments: [Double.nan, .infinity, 1e300], ["heads", "predict", "loss", "loss in double"])
    func areRefusedByName(value: Double, command: String) throws {
        let golden = try SafetensorsFile(url: Goldens.own("losses/published.safetensors"))
        let folder = try TemporaryFolder(), heads = folder.path("heads")
        try FileManager.default.createDirectory(atPath: heads, withIntermediateDirectories: true)
        let broken = "top_p_head.mlp.2.weight"
        let names = golden.names.filter { $0.hasPrefix("temp_head.") || $0.hasPrefix("top_p_head.") }
        let tensors = try names.map { name in
            var values = try golden.tensor(name).values(as: Double.self)
            if name == broken { values[7] = value }
            return NewTensor(name, try golden.tensor(name).shape, values, as: .f64)
        }
        try SafetensorsWriter.write(tensors, to: "\(heads)/model.safetensors")
        let flags = ["enable_temperature_head", "enable_top_p_head", "use_enhanced_features"].map { "\"\($0)\": true" }
        let size = try golden.tensor("hidden").shape[1]
        try Data("{\"hidden_size\": \(size), \(flags.joined(separator: ", "))}".utf8)
            .write(to: URL(fileURLWithPath: "\(heads)/config.json"))

        let output = folder.path("output.safetensors"), input = ["--heads", heads, "--input", golden.path]
        let arguments: [String] =
            switch command {
            case "heads": ["heads", heads]
            case "predict": ["predict"] + input + ["--output", output]
            case "loss": ["loss"] + input + ["--tokens", output]
            default: ["loss", "--precision", "double"] + input + ["--tokens", output]
            }
        let outcome = try Program.outcome(arguments)
        // Beyond Float's range only where numbers become Float.
        if value == 1e300, command == "loss in double" {
            #expect(outcome.status == 0, "\(outcome.errors)")
            return
        }
        let shown = value.isNaN ? "nan" : "inf"
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(outcome.errors.contains("\(broken) holds \(shown) as element 7"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}
