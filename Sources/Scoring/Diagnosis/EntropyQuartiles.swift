import Tensor

/// Three bounds that cut tokens into quarters by entropy.
public struct EntropyQuartiles: Sendable, Equatable, Codable {
    /// Nats, ascending. A token on a bound belongs below it.
    public let bounds: [Double]

    /// - Parameter bounds: three, ascending.
    public init(bounds: [Double]) {
        require(
            bounds.count == 3 && bounds[0] <= bounds[1] && bounds[1] <= bounds[2],
            "bounds \(bounds), expected three in ascending order")
        self.bounds = bounds
    }

    /// The quarter of a token, 0 for the least entropy to 3.
    public func index(of entropy: Double) -> Int { bounds.count { entropy > $0 } }
}

/// The quartiles of a stream, from an even sample of bounded size: every 2ᵏ-th entropy, k as large as the sample needs.
struct EntropySample {
    private var values: [Double] = []
    private var stride = 1
    private var seen = 0
    private let capacity: Int

    init(capacity: Int = 1 << 20) {
        require(capacity >= 8, "a sample of at most \(capacity) entropies, expected at least 8")
        self.capacity = capacity
    }

    mutating func add(_ entropy: Double) {
        defer { seen += 1 }
        guard seen % stride == 0 else { return }
        if values.count == capacity {
            values = Swift.stride(from: 0, to: capacity, by: 2).map { values[$0] }
            stride *= 2
            guard seen % stride == 0 else { return }
        }
        values.append(entropy)
    }

    var quartiles: EntropyQuartiles {
        require(!values.isEmpty, "quartiles of no entropies")
        let sorted = values.sorted()
        return EntropyQuartiles(bounds: (1...3).map { sorted[(sorted.count * $0 + 3) / 4 - 1] })
    }
}
