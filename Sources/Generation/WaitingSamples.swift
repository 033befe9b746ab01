import Backbone
import Tensor

/// A prompt that has been read: its cache and its last hidden state, [1, D].
struct ReadPrompt {
    let cache: KVCache
    let hidden: Tensor<Float>
}

/// A sequence under way.
struct RunningSample {
    let index: SampleIndex
    let cache: KVCache
    var random: RandomGenerator
    /// The token that the model reads next; nothing before the first is decided.
    var token = 0
}

/// The samples that have not started, in order, and the prompt whose samples are starting.
struct WaitingSamples {
    private let requests: [GenerationRequest]
    private var request = 0
    private var sample = 0
    /// The prompt of `request`, from its first sample on until its last has started.
    private var prompt: ReadPrompt?

    init(_ requests: [GenerationRequest]) { self.requests = requests }

    /// Takes samples out, each with a cache of its own and the hidden state that its first token is decided from.
    ///
    /// - Parameter read: reads prompts, all or the first few of them; fewer than all end the taking.
    mutating func enter(
        upTo count: Int, read: ([[Int]]) throws -> [ReadPrompt], seed: UInt64
    ) rethrows -> [(sample: RunningSample, hidden: Tensor<Float>)] {
        var prompts = try read(unreadPrompts(upTo: count))[...]
        var entering: [(sample: RunningSample, hidden: Tensor<Float>)] = []
        while entering.count < count, request < requests.count {
            let current = requests[request]
            if sample < current.samples {
                guard let read = prompt ?? prompts.popFirst() else { break }
                let isLast = sample == current.samples - 1
                prompt = isLast ? nil : read
                // The last sample goes on with the prompt's own cache.
                let cache = isLast ? read.cache : read.cache.fork()
                let random = RandomGenerator(
                    seed: current.seed ?? seed, stream: Self.stream(current.number ?? request, sample))
                let index = SampleIndex(request: request, sample: sample)
                entering.append((RunningSample(index: index, cache: cache, random: random), read.hidden))
                sample += 1
            }
            if sample >= current.samples { (request, sample) = (request + 1, 0) }
        }
        return entering
    }

    /// The prompts that the next `count` samples need and that are not read, in order.
    private func unreadPrompts(upTo count: Int) -> [[Int]] {
        var prompts: [[Int]] = [], open = count, request = request, sample = sample, isRead = prompt != nil
        while open > 0, request < requests.count {
            let left = requests[request].samples - sample
            if left > 0, !isRead { prompts.append(requests[request].promptIDs) }
            open -= max(left, 0)
            (request, sample, isRead) = (request + 1, 0, false)
        }
        return prompts
    }

    /// The random stream of a sample: the request's number above the sample's, 32 bits each.
    private static func stream(_ request: Int, _ sample: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: request)) << 32 | UInt64(UInt32(truncatingIfNeeded: sample))
    }
}
