/// TensorBoard's `Event` messages, and the record that frames one in a file.
enum Event {
    /// The first record of every file.
    static func fileVersion(wallTime: Double) -> ProtocolBuffer {
        var event = header(step: 0, wallTime: wallTime)
        event.string(3, "brain.Event:2")
        return event
    }

    /// `SessionLog` with status START: what older files hold at this step and later is void.
    static func sessionStart(step: Int, wallTime: Double) -> ProtocolBuffer {
        var session = ProtocolBuffer()
        session.integer(1, 1)
        var event = header(step: step, wallTime: wallTime)
        event.message(7, always: session)
        return event
    }

    static func scalar(_ tag: String, _ value: Float, step: Int, wallTime: Double) -> ProtocolBuffer {
        summary(tag, step: step, wallTime: wallTime) { $0.float(2, always: value) }
    }

    static func histogram(_ tag: String, _ histogram: Histogram, step: Int, wallTime: Double) -> ProtocolBuffer {
        var message = ProtocolBuffer()
        message.double(1, histogram.minimum)
        message.double(2, histogram.maximum)
        message.double(3, Double(histogram.count))
        message.double(4, histogram.sum)
        message.double(5, histogram.sumOfSquares)
        let buckets = occupiedBuckets(histogram)
        message.packedDoubles(6, buckets.map(\.upperEdge))
        message.packedDoubles(7, buckets.map(\.count))
        return summary(tag, step: step, wallTime: wallTime) { $0.message(5, always: message) }
    }

    /// The bins between the first and the last that hold something, and an empty one before them:
    /// a bucket begins where the one before it ends, so the first would otherwise reach down to `min` or to −∞.
    private static func occupiedBuckets(_ histogram: Histogram) -> [(upperEdge: Double, count: Double)] {
        guard let first = histogram.counts.firstIndex(where: { $0 > 0 }),
            let last = histogram.counts.lastIndex(where: { $0 > 0 })
        else { return [] }
        return [(histogram.edge(first), 0)]
            + (first...last).map { (histogram.edge($0 + 1), Double(histogram.counts[$0])) }
    }

    private static func summary(
        _ tag: String, step: Int, wallTime: Double, _ setValue: (inout ProtocolBuffer) -> Void
    ) -> ProtocolBuffer {
        var value = ProtocolBuffer()
        value.string(1, tag)
        setValue(&value)
        var summary = ProtocolBuffer()
        summary.message(1, always: value)
        var event = header(step: step, wallTime: wallTime)
        event.message(5, always: summary)
        return event
    }

    private static func header(step: Int, wallTime: Double) -> ProtocolBuffer {
        var event = ProtocolBuffer()
        event.double(1, wallTime)
        event.integer(2, Int64(step))
        return event
    }
}

extension ProtocolBuffer {
    /// One TFRecord: length, its check, the bytes, their check; all little-endian.
    var record: [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(bytes.count + 16)
        record.appendLittleEndian(UInt64(bytes.count))
        record.appendLittleEndian(CRC32C.masked(record))
        record += bytes
        record.appendLittleEndian(CRC32C.masked(bytes))
        return record
    }
}
