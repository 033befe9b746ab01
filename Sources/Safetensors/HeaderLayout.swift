import Files

extension Header {
    /// Holds the declared offsets against the shapes and against each other: the format wants the data
    /// covered from its first byte to its last, without overlaps and holes.
    static func layOut(
        _ declared: [Declared], from dataStart: Int, to fileEnd: Int,
        failure: (_ byte: Int, _ reason: String) -> FileError
    ) throws -> [TensorEntry] {
        let dataCount = fileEnd - dataStart
        for each in declared {
            var name: String { quoted(each.tensor.name) }
            var offsets: String { "the offsets \(each.begin) to \(each.end) for tensor \(name)" }
            guard each.begin <= each.end else {
                throw failure(each.offsetsByte, "found \(offsets), expected a begin that is not after the end")
            }
            guard each.end <= dataCount else {
                throw failure(
                    each.offsetsByte, "found \(offsets), expected an end within the \(dataCount) bytes of data")
            }
            guard let needed = each.tensor.type.byteCount(shape: each.tensor.shape) else {
                throw failure(
                    each.shapeByte,
                    "found the shape \(listed(each.tensor.shape)) for tensor \(name), expected one "
                        + "whose bytes can be counted"
                )
            }
            guard needed == each.end - each.begin else {
                throw failure(
                    each.offsetsByte,
                    "found \(each.end - each.begin) bytes between \(offsets), expected \(needed) for shape "
                        + "\(listed(each.tensor.shape)) of type \(each.tensor.type.rawValue)")
            }
        }
        let order = declared.indices.sorted {
            (declared[$0].begin, declared[$0].end, $0) < (declared[$1].begin, declared[$1].end, $1)
        }
        var covered = 0
        var previous: Declared?
        var place: String { previous.map { "tensor \(quoted($0.tensor.name))" } ?? "the start" }
        for each in order.map({ declared[$0] }) {
            var name: String { quoted(each.tensor.name) }
            guard each.begin >= covered else {
                throw failure(
                    each.offsetsByte,
                    "found tensor \(name) starting at offset \(each.begin), inside of \(place), expected it at "
                        + "\(covered)"
                )
            }
            guard each.begin == covered else {
                throw failure(
                    dataStart + covered,
                    "found a hole of \(each.begin - covered) bytes in front of tensor \(name), expected it at offset "
                        + "\(covered) right after \(place)")
            }
            covered = each.end
            previous = each
        }
        guard covered == dataCount else {
            throw failure(
                dataStart + covered,
                "found \(dataCount - covered) bytes that belong to no tensor, expected the file to end after \(place)")
        }
        return order.map { index in
            let each = declared[index]
            return TensorEntry(
                name: each.tensor.name, type: each.tensor.type, shape: each.tensor.shape,
                byteRange: dataStart + each.begin..<dataStart + each.end)
        }
    }
}
