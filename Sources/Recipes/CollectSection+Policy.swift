import Backbone
import Decoding
import Evaluation
import Files
import Foundation
import HiddenStateCache

// What a configuration's section `collect` samples with, for whoever samples.

/// A policy, and what trajectories call it.
public struct CollectPolicy: Sendable {
    public let policy: any DecodingPolicy
    /// Its setting, and the model's digits.
    public let name: String

    /// - Parameters:
    ///   - collect: with `collect.heads`, or with knobs.
    ///   - model: the one that is sampled from; heads must be for its sizes.
    ///   - modelDigits: stand for its files.
    /// - Throws: `EvaluationError` for a folder without heads, `HeadsFileError` for heads that cannot be read or are of
    ///   a model of other sizes, `PolicyError` for a knob without meaning.
    public init(_ collect: CollectSection, model: ModelConfiguration, modelDigits: String) throws {
        let setting: String
        if let folder = collect.heads {
            let heads = try TrainedHeads(folder: URL(fileURLWithPath: folder, isDirectory: true), model: model)
            policy = heads.method("heads", filter: collect.filter).policy
            setting = heads.policyName(collect.filter)
        } else {
            let temperature = "T = \(collect.temperature)"
            let truncation: Truncation
            if let k = collect.topK {
                (truncation, setting) = (.topK(k), "\(temperature), top-k \(k)")
            } else if let share = collect.minP {
                (truncation, setting) = (.minP(share), "\(temperature), min-p \(share)")
            } else {
                (truncation, setting) = (.topP(collect.topP), "\(temperature), P = \(collect.topP)")
            }
            policy = try SamplingPolicy(temperature: .fixed(collect.temperature), truncation: truncation)
        }
        name = setting + LinePolicies.separator + modelDigits
    }
}

extension Fingerprint {
    /// The files of a model, as far as they decide over what it says.
    public init(model: Transformer, folder: String) throws {
        self.init()
        try add("model", modelAt: folder)
        add("model", computationOf: model)
    }

    /// How trajectories are sampled, and which are kept.
    ///
    /// - Throws: `FingerprintError` where a file of the heads cannot be read.
    public mutating func add(_ collect: CollectSection) throws {
        add("collect.problems", collect.problems.map { "\($0)" } ?? "null")
        add("collect.samples", collect.samples)
        add("collect.keep", collect.keep)
        add("collect.keepRejected", collect.keepRejected)
        // Collections from before there were these settings go on.
        if collect.keepAll { add("collect.keepAll", true) }
        if let folder = collect.heads {
            for file in ["config.json", "model.safetensors"] {
                try add("collect.heads/\(file)", contentOf: "\(folder)/\(file)")
            }
            add("collect.filter", collect.filter.rawValue)
        }
        add("collect.temperature", collect.temperature)
        add("collect.topP", collect.topP)
        add("collect.topK", collect.topK.map { "\($0)" } ?? "null")
        add("collect.minP", collect.minP.map { "\($0)" } ?? "null")
        add("collect.maxTokens", collect.maxTokens)
        add("collect.seed", collect.seed)
        add("collect.batch", collect.batch)
        add("collect.block", collect.block)
    }
}
