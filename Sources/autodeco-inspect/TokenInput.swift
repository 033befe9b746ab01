import AutoDecoHeads
import LogitSketches
import Safetensors
import Tensor

/// Tokens from a safetensors file: `hidden` [N, D], `logits` [N, V], and where asked for `labels` [N].
struct TokenInput<Element: Scalar & StoredScalar> {
    let hidden: Tensor<Element>
    let logits: Tensor<Element>

    private let file: SafetensorsFile
    private let path: String
    var count: Int { hidden.rows }

    /// - Parameter hiddenSize: D, as the heads have it.
    init(path: String, hiddenSize: Int) throws {
        self.path = path
        file = try SafetensorsFile(path: path)
        let hidden = try file.require("hidden", shape: [nil, hiddenSize], types: [.f64, .f32, .f16, .bf16])
        let logits = try file.require("logits", shape: [hidden.shape[0], nil], types: [.f64, .f32, .f16, .bf16])
        self.hidden = Tensor(shape: hidden.shape, try hidden.values(as: Element.self))
        self.logits = Tensor(shape: logits.shape, try logits.values(as: Element.self))
        guard count > 0, self.logits.columns > 0 else {
            throw InputError("\(path): hidden \(hidden.shape) and logits \(logits.shape) hold no token")
        }
        if let row = (0..<count).first(where: { row in !(0..<hiddenSize).allSatisfy { self.hidden[row, $0].isFinite } })
        {
            throw InputError("\(path): hidden holds a number in row \(row) that is not finite")
        }
    }

    /// The logits in a form for losses; an unsound row is reported with the file's name.
    func prepared<Logits>(_ prepare: (Tensor<Element>) throws -> Logits) throws -> Logits {
        do { return try prepare(logits) } catch let error as LogitsError {
            throw InputError("\(path): logits, \(error)")
        }
    }

    /// Token ids, one a row.
    func labels() throws -> [Int] {
        try file.require("labels", shape: [count], types: [.i64, .i32]).values(as: Int.self)
    }

    /// Uniform draws in [0, 1) for easy-token masking, if the file has them.
    func easyTokenDraws() throws -> [Double]? {
        guard file.contains("easy_token_draws") else { return nil }
        return try file.require("easy_token_draws", shape: [count], types: [.f64, .f32, .f16, .bf16]).values(
            as: Double.self)
    }
}
