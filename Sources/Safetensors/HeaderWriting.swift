import Files

extension Header {
    /// The bytes in front of the data: length, JSON and the spaces that bring both to a multiple of 8.
    ///
    /// Tensors stand in the given order, metadata in the order of its keys, so that the same content
    /// gives the same bytes.
    ///
    /// - Returns: the bytes, and how many bytes of data each tensor has.
    /// - Throws: `FileError` of kind `cannotWrite` for repeated or reserved names, sizes that
    ///   cannot be counted, and headers longer than the format allows.
    static func bytes(
        for tensors: [TensorDeclaration], metadata: [String: String], path: String
    ) throws -> (header: [UInt8], dataCounts: [Int]) {
        func failure(_ reason: String) -> FileError { FileError(.cannotWrite, file: path, reason) }

        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map {
                "\(JSONMembers.quote($0.key)):\(JSONMembers.quote($0.value))"
            }
            members.append("\(JSONMembers.quote(metadataKey)):{\(pairs.joined(separator: ","))}")
        }
        var names: Set<String> = [metadataKey]
        var dataCounts: [Int] = []
        var end = 0
        for tensor in tensors {
            let name = quoted(tensor.name)
            guard names.insert(tensor.name).inserted else {
                throw failure(
                    tensor.name == metadataKey
                        ? "found a tensor called \(name), expected another name because this one is the format's own"
                        : "found the tensor name \(name) a second time, expected it only once")
            }
            guard tensor.type.blockSize == 1 else {
                throw failure(
                    "found the type \(tensor.type.rawValue) for tensor \(name), expected one of \(ElementType.names)")
            }
            guard let count = tensor.type.byteCount(shape: tensor.shape),
                case let (next, overflow) = end.addingReportingOverflow(count), !overflow
            else {
                throw failure(
                    "found the shape \(listed(tensor.shape)) for tensor \(name), expected one "
                        + "whose bytes can be counted"
                )
            }
            members.append(
                "\(JSONMembers.quote(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":["
                    + tensor.shape.map(String.init).joined(separator: ",") + "],\"data_offsets\":[\(end),\(next)]}")
            dataCounts.append(count)
            end = next
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        text += Array(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        guard text.count <= longest else {
            throw failure("found a header of \(counted(text.count, "byte")), expected at most \(longest)")
        }
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init)
        return (length + text, dataCounts)
    }
}
