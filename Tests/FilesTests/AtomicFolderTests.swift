import Foundation
import TestSupport
import Testing
@testable import Files

struct AtomicFolderTests {
    @Test func aFolderAppearsWithItsFilesWhenItIsCommitted() throws {
        let place = try TemporaryFolder(), target = URL(fileURLWithPath: place("new"))
        let folder = try AtomicFolder(target)
        try AtomicFile.write(Data("x".utf8), to: folder.workplace.appendingPathComponent("file").path)
        #expect(!FileManager.default.fileExists(atPath: target.path))
        try folder.commit()
        #expect(try place.contents == ["new"] && load(place("new/file")) == Array("x".utf8))
    }

    @Test func aFolderThatIsNotCommittedLeavesNothing() throws {
        let place = try TemporaryFolder()
        do {
            let folder = try AtomicFolder(URL(fileURLWithPath: place("new")))
            try AtomicFile.write(Data("x".utf8), to: folder.workplace.appendingPathComponent("file").path)
            folder.discard()
        }
        do { _ = try AtomicFolder(URL(fileURLWithPath: place("other"))) }
        #expect(try place.contents.isEmpty)
    }

    @Test func whatIsThereAlreadyAndWhatAnotherMakesIsRefused() throws {
        let place = try TemporaryFolder()
        try save([1], to: place("taken"))
        #expect(
            failure { try AtomicFolder(URL(fileURLWithPath: place("taken"))) }?.reason.contains("expected none") == true
        )
        try FileManager.default.createSymbolicLink(atPath: place("link"), withDestinationPath: "nowhere")
        #expect(failure { try AtomicFolder(URL(fileURLWithPath: place("link"))) }?.kind == .cannotWrite)
        let first = try AtomicFolder(URL(fileURLWithPath: place("new")))
        #expect(
            failure { try AtomicFolder(URL(fileURLWithPath: place("new"))) }?.reason.contains("another process") == true
        )
        try first.commit()
        #expect(try place.contents == ["link", "new", "taken"])
    }

    @Test func aDiskWithoutRoomIsToldBeforeWriting() throws {
        let place = try TemporaryFolder(), folder = try AtomicFolder(URL(fileURLWithPath: place("new")))
        #expect(failure { try folder.requireRoom(1 << 60) }?.reason.contains("expected at least \(1 << 60)") == true)
        try folder.requireRoom(1)
    }
}

struct JSONMembersTests {
    @Test func valuesKeepTheirTextAndMembersTheirOrder() throws {
        var members = try JSONMembers(Data(#"{ "b" : 1e-05, "a\"": [1, {"x": 2.0}] ,"c":"ü"}"#.utf8), file: "config")
        #expect(
            members.names == ["b", "a\"", "c"] && members["b"] == "1e-05" && members["a\""] == #"[1, {"x": 2.0}]"#
                && members.string("c") == "ü")
        members["b"] = nil
        members["d"] = "true"
        members.set("c", string: "line\n")
        #expect(members.text == "{\n  \"a\\\"\": [1, {\"x\": 2.0}],\n  \"c\": \"line\\u000a\",\n  \"d\": true\n}\n")
        #expect(try JSONMembers(Data(members.text.utf8), file: "again") == members && members.bool("d") == true)
        #expect(JSONMembers().text == "{}\n")
    }

    @Test func whatIsNoObjectIsRefused() {
        for text in ["[1]", "{", "{\"a\": 1} x", "{\"a\": 1, \"a\": 2}"] {
            #expect(failure { try JSONMembers(Data(text.utf8), file: "config") }?.kind == .malformed, "\(text)")
        }
    }
}
