import Files
import Foundation

/// Which policy drew each line of a trajectory file.
public struct LinePolicies: Sendable, Equatable {
    /// What policies call themselves, each once, in the order in which they first come.
    public let names: [String]
    /// Of each line a place in ``names``, −1 where nobody says.
    public let places: [Int32]
    /// Digits that stand for the model that the cache was made with; a policy of that model ends with them.
    public let model: String?

    /// The words between a policy's setting and its model's digits.
    public static let separator = " of model "

    /// - Parameters:
    ///   - lines: of each line its policy, nil where it names none.
    ///   - model: digits of the model that the cache is made with.
    /// - Returns: nil where no line names one.
    public init?(lines: [String?], model: String?) {
        var numbers: [String: Int32] = [:], names: [String] = []
        places = lines.map { name in
            guard let name else { return -1 }
            if let number = numbers[name] { return number }
            numbers[name] = Int32(names.count)
            names.append(name)
            return Int32(names.count - 1)
        }
        (self.names, self.model) = (names, model)
        if names.isEmpty { return nil }
    }

    /// - Throws: ``CacheError`` where a place is in no list.
    init(places: [Int32], metadata: [String: String], path: String) throws {
        let list = Data((metadata["policies"] ?? "").utf8)
        guard let names = try? JSONDecoder().decodeGuarded([String].self, from: list) else {
            throw CacheError(path, "has a column policy without the metadata's list policies that it points to")
        }
        if let row = places.firstIndex(where: { $0 < -1 || $0 >= names.count }) {
            throw CacheError(path, "row \(row): the policy is \(places[row]), expected −1 to \(names.count - 1)")
        }
        (self.names, self.places, model) = (names, places, metadata["model"])
    }

    /// What a file's metadata says.
    func metadata() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let list = String(decoding: try encoder.encode(names), as: UTF8.self)
        return ["policies": list].merging(model.map { ["model": $0] } ?? [:]) { $1 }
    }
}

extension HiddenStateCache {
    /// Which policy drew each line; nil where the cache knows none.
    public var policies: LinePolicies? { table.policies }

    /// Whether every trajectory is known to have been sampled from the very model that the hidden states are of.
    public var isSelfSampled: Bool {
        guard let policies, let model = policies.model, !drawn.isEmpty else { return false }
        let isOwn = policies.names.map { $0.hasSuffix(LinePolicies.separator + model) }
        return drawn.allSatisfy { policies.places[$0.number] >= 0 && isOwn[Int(policies.places[$0.number])] }
    }

    /// Whether each token's log-probability under the policy that drew it is known.
    public var knowsBehaviour: Bool { !shards.isEmpty && shards.allSatisfy { $0.behaviour != nil } }

    /// Log-probabilities of a trajectory's tokens under the policy that drew them, at most 0; nil where unknown.
    public func behaviourLogProbs(of trajectory: TrajectoryIndex) -> [Float]? {
        guard let bytes = shards[trajectory.shard].behaviour?.bytes else { return nil }
        return trajectory.range.map {
            Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self).littleEndian)
        }
    }
}
