import Foundation
import Testing
@testable import Safetensors

@Suite struct SameValuesTests {
    @Test func tensorsAreComparedByTheirNumbersToTheLastOne() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("same-values-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        // More than a block, and not a multiple of it; all of them fit BF16.
        let count = 70_001, values = (0..<count).map { Float($0 % 251) }
        var last = values
        last[count - 1] += 1
        var zero = values
        zero[0] = -0.0
        try SafetensorsWriter.write(
            [
                NewTensor("a", [count], values), NewTensor("half", [count], values, as: .bf16),
                NewTensor("last", [count], last),
                NewTensor("zero", [count], zero), NewTensor("shape", [count, 1], values),
            ], to: path)
        let file = try SafetensorsFile(path: path), a = try file.tensor("a")
        for (name, isSame) in [("a", true), ("half", true), ("last", false), ("zero", true), ("shape", false)] {
            #expect(try a.hasSameValues(as: file.tensor(name)) == isSame, "\(name)")
            #expect(try file.tensor(name).hasSameValues(as: a) == isSame, "\(name)")
        }
    }
}
