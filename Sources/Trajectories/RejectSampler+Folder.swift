import Files

extension RejectSampler {
    /// What happens while a folder is filled.
    public enum FolderEvent {
        /// Once, before anything is sampled: what finished blocks hold, and whether some block is sampled again because
        /// the verifier failed on it.
        case began(SamplingCounts, isJudgedAgain: Bool)
        /// A completion of so many tokens, and whether it is accepted.
        case completed(tokens: Int, isAccepted: Bool)
        /// Something that the user should know.
        case warning(String)
    }

    /// Samples the blocks that a collection's folder lacks, and joins all of them.
    ///
    /// - Parameters:
    ///   - blockSize: problems a block, at least 1.
    /// - Returns: what the whole collection came to; that of a folder which was complete already where it is.
    /// - Throws: `CancellationError` where it was cancelled; finished blocks stay. ``SamplingError`` where the verifier
    ///   fails again and again, ``FolderError`` for a block that is damaged.
    public func fill(
        _ folder: inout CollectionFolder, blockSize: Int, onEvent: (FolderEvent) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> SamplingCounts {
        if let counts = folder.counts { return counts }
        let blocks = (problems.count + blockSize - 1) / blockSize
        var counts = SamplingCounts(), open: [Int] = [], isJudgedAgain = false
        for block in 0..<blocks {
            if try folder.isFinished(part: block) {
                counts += try folder.counts(ofPart: block)
            } else {
                open.append(block)
                isJudgedAgain = isJudgedAgain || folder.hasPart(block)
            }
        }
        onEvent(.began(counts, isJudgedAgain: isJudgedAgain))
        var watch = AcceptanceWatch()
        for block in open {
            let range = block * blockSize..<min((block + 1) * blockSize, problems.count)
            let result = try sample(
                range,
                onSample: { completion, text in
                    onEvent(
                        .completed(
                            tokens: completion.sample.decisions.count, isAccepted: completion.isCorrect))
                    if let notice = try watch.note(completion.verdict, text: text()) { onEvent(.warning(notice)) }
                }, isCancelled: isCancelled)
            try folder.writePart(block, result)
            counts += result.counts
        }
        try folder.join(parts: blocks)
        if let notice = watch.lastNotice { onEvent(.warning(notice)) }
        return folder.counts ?? counts
    }
}
