import Files
import Foundation
import TestSupport
import Testing
@testable import Safetensors

/// Files that are damaged at random either open as something whole, or are refused. Each is mapped from disk, so
/// that a read behind its last page ends the process; some fill their pages exactly, where one byte is enough.
struct MutationTests {
    private static let page = 4096

    private static let originals: [[UInt8]] = {
        let data = (0..<160).map { UInt8($0 * 7 & 0xFF) }
        func entry(_ name: String, _ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
            #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
        }
        let many = [
            entry("f64", "F64", "[2,2]", 0, 32), entry("f32", "F32", "[4]", 32, 48),
            entry("f16", "F16", "[2,3]", 48, 60),
            entry("bf16", "BF16", "[2]", 60, 64), entry("i64", "I64", "[4]", 64, 96),
            entry("i32", "I32", "[1,4]", 96, 112),
            entry("u8", "U8", "[16]", 112, 128), entry("bool", "BOOL", "[16]", 128, 144),
            entry("i16", "I16", "[8]", 144, 160),
            entry("none", "F32", "[0,7]", 160, 160),
        ]
        let metadata = #""__metadata__":{"format":"pt","note":"caf\u00e9 \ud83d\ude00"}"#
        let small = assemble("{\(entry("a", "F32", "[1]", 0, 4))}", data: [0, 0, 128, 63])
        let shuffled = many.indices.map { many[$0 * 7 % many.count] }.joined(separator: ",")
        let extra = #""x":{"dtype":"U8","extra":[1.5e+3,{"y":null}],"shape":[0],"data_offsets":[0,0]}"#
        let plain = assemble("{\(metadata),\(shuffled),\(extra)}", data: data)
        // The same file with its header padded until the data end with a page.
        let header = "{\(metadata),\(many.joined(separator: ","))}"
        let padded = assemble(
            header + String(repeating: " ", count: page - 8 - header.utf8.count - data.count), data: data)
        // One big tensor that ends with the second page.
        let bigHeader = #"{"w":{"dtype":"BF16","shape":[64,60],"data_offsets":[0,7680]}}"#
        let big = assemble(
            bigHeader + String(repeating: " ", count: 2 * page - 8 - bigHeader.utf8.count - 7680),
            data: Array(repeating: 0x3F, count: 7680))
        return [small, plain, padded, big]
    }()

    @Test func originalsAreValidAndSomeFillTheirPages() throws {
        for bytes in Self.originals { _ = try SafetensorsFile(bytes: bytes) }
        #expect(Self.originals.filter { $0.count % Self.page == 0 }.count == 2)
    }

    @Test func noMutantCrashesOrReadsOutOfBounds() throws {
        let folder = try TemporaryFolder()
        let path = folder("mutant")
        var draws = Draws(seed: 20_260)
        var opened = 0
        var refused = 0
        for round in 0..<24_000 {
            var bytes = Self.originals[round % Self.originals.count]
            for _ in 0..<[1, 1, 1, 2, 3][round / 4 % 5] { mutate(&bytes, &draws) }
            try overwrite(path, with: bytes)
            do {
                let file = try SafetensorsFile(path: path)
                opened += 1
                try readEverything(in: file, size: bytes.count)
            } catch let error as FileError {
                refused += 1
                let place = error.byte ?? -1
                #expect(
                    error.kind == .malformed && place >= 0 && place <= max(bytes.count, 8), "round \(round): \(error)")
            }
        }
        // Were all refused, or hardly any, the mutants would test nothing.
        #expect(opened > 2000 && refused > 10_000, "\(opened) opened, \(refused) refused")
    }

    /// Keeps the file and sets its size: emptying it first makes some file systems go to the disk every time.
    private func overwrite(_ path: String, with bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0)
    }

    /// Touches each byte and asks for all values; conversions may throw, but only of the expected kind.
    private func readEverything(in file: SafetensorsFile, size: Int) throws {
        var covered = file.entries.first?.byteRange.lowerBound ?? size
        for entry in file.entries {
            #expect(entry.byteRange.lowerBound == covered)
            covered = entry.byteRange.upperBound
            let tensor = try file.tensor(entry.name)
            let sum = tensor.bytes.reduce(0) { $0 + Int($1) }
            #expect(sum >= 0 && tensor.bytes.count == entry.count * entry.type.byteWidth)
            guard entry.type.isConvertible else {
                #expect(failure { try tensor.values(as: Float.self) }?.kind == .unconvertible)
                continue
            }
            #expect(try tensor.values(as: Float.self).count == entry.count)
            #expect(try tensor.values(as: Double.self).count == entry.count)
            do {
                _ = try tensor.values(as: Int32.self)
                _ = try tensor.values(as: Int.self)
            } catch let error as FileError {
                #expect(error.kind == .unconvertible && entry.byteRange.contains(error.byte ?? -1))
            }
        }
        #expect(covered == size)
    }

    private func mutate(_ bytes: inout [UInt8], _ draws: inout Draws) {
        let header = 8..<8 + min(max(bytes.count - 8, 0), Int(clamping: length(of: bytes) ?? 0))
        // Half of the blows hit the header, where they matter.
        let target = Bool.random(using: &draws) && !header.isEmpty ? header : bytes.indices
        guard let place = target.randomElement(using: &draws) else { return }
        switch Int.random(in: 0..<10, using: &draws) {
        case 0, 1, 8, 9:
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &draws)
        case 2:
            bytes[place] = UInt8.random(in: 0...255, using: &draws)
        case 3:
            bytes.removeLast(
                min(bytes.count, Int.random(in: 0..<40, using: &draws) * Int.random(in: 0..<40, using: &draws)))
        case 4:
            let letters = Array("{}[]\",:0129-\\ue \0".utf8) + [0xFF, 0xC3]
            let inserted = (0..<Int.random(in: 1..<5, using: &draws)).map { _ in
                letters.randomElement(using: &draws) ?? 0
            }
            replace(place..<place, in: &bytes, with: inserted, &draws)
        case 5:
            replace(
                place..<min(bytes.count, place + Int.random(in: 1..<30, using: &draws)), in: &bytes, with: [], &draws)
        case 6:
            guard let length = length(of: bytes) else { return }
            let other = [draws.next(), draws.next() % UInt64(bytes.count + 10), length &+ draws.next() % 9 &- 4]
            setLength(of: &bytes, to: other.randomElement(using: &draws) ?? 0)
        default:
            let isDigit = { (byte: UInt8) in 0x30...0x39 ~= byte }
            let starts = header.dropFirst().prefix(2000).filter { isDigit(bytes[$0]) && !isDigit(bytes[$0 - 1]) }
            guard let start = starts.randomElement(using: &draws) else { return }
            let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
            let numbers = [
                "0", "1", "2", "4", "16", "-1", "160", "161", "4294967296", "9223372036854775807",
                "9223372036854775808",
                "18446744073709551615", "1e3", "00", "\(Int.random(in: 0..<200, using: &draws))",
            ]
            replace(start..<end, in: &bytes, with: Array((numbers.randomElement(using: &draws) ?? "").utf8), &draws)
        }
    }

    /// Replaces bytes and, mostly, keeps the header's length right, so that later checks get their share of mutants.
    private func replace(_ range: Range<Int>, in bytes: inout [UInt8], with new: [UInt8], _ draws: inout Draws) {
        let old = length(of: bytes)
        bytes.replaceSubrange(range, with: new)
        guard let old, range.lowerBound >= 8, range.lowerBound - 8 < old, Int.random(in: 0..<4, using: &draws) > 0
        else {
            return
        }
        setLength(of: &bytes, to: old &+ UInt64(bitPattern: Int64(new.count - range.count)))
    }

    private func length(of bytes: [UInt8]) -> UInt64? {
        bytes.count < 8 ? nil : bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    private func setLength(of bytes: inout [UInt8], to length: UInt64) {
        guard bytes.count >= 8 else { return }
        withUnsafeBytes(of: length) { bytes.replaceSubrange(0..<8, with: $0) }
    }
}
