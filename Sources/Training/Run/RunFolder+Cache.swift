import Foundation
import HiddenStateCache
import Safetensors

/// Whether what a run held out is known to be what its split holds out of a cache.
public enum HeldOutKnowledge: Sendable {
    /// The run was trained on that cache.
    case thisCache
    /// It was trained on another one, or by a version that split in another way.
    case another
    /// There is no checkpoint that tells.
    case unknown
}

extension RunFolder {
    /// Holds a cache against the one that the run's checkpoint names.
    ///
    /// - Parameter cache: whose tokens are taken for held-out ones.
    public func heldOut(from cache: HiddenStateCache) -> HeldOutKnowledge {
        guard let metadata = try? SafetensorsFile(path: checkpoint.path).metadata,
            let fingerprint = try? cache.fingerprint()
        else { return .unknown }
        let isSame =
            metadata["cache"] == fingerprint
            && metadata["checkpoint_version"] == TrainingCheckpoint.formatVersion
        return isSame ? .thisCache : .another
    }
}
