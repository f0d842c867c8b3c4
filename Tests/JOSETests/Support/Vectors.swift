import Foundation
import JOSE
import TestSupport

/// The published attack vectors, read where they lie.
enum Vectors {
    static let directory: URL? = {
        let environment = ProcessInfo.processInfo.environment["PORTCULLIS_VECTORS"]
        let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let directory =
            environment.map { URL(fileURLWithPath: $0) }
            ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        return FileManager.default.fileExists(atPath: directory.path) ? directory : nil
    }()

    static let areAvailable: Bool = {
        if directory == nil { print("VECTORS ARE MISSING: suites that need them are skipped (PORTCULLIS_VECTORS)") }
        return directory != nil
    }()

    struct Unreadable: Error {
        let path: String
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let directory else { throw Unreadable(path: path) }
        return [UInt8](try Data(contentsOf: directory.appendingPathComponent(path)))
    }

    /// The rows of a file of JSON lines, decompressed when its name ends in `.gz`.
    static func rows(_ path: String) throws -> [JSONValue] {
        let contents = path.hasSuffix(".gz") ? try decompressed(path) : try bytes(path)
        let limits = JSONLimits(maximumByteCount: 16 << 20, maximumDepth: 32, maximumMemberCount: 256)
        return try contents.split(separator: UInt8(ascii: "\n")).map { line in
            try JSONParser(limits: limits).parse([UInt8](line))
        }
    }

    /// A file that is one JSON document.
    static func document(_ path: String) throws -> JSONValue {
        let limits = JSONLimits(maximumByteCount: 16 << 20, maximumDepth: 32, maximumMemberCount: 256)
        return try JSONParser(limits: limits).parse(try bytes(path))
    }

    private static func decompressed(_ path: String) throws -> [UInt8] {
        guard let directory else { throw Unreadable(path: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", directory.appendingPathComponent(path).path]
        let output = try OutputFile()
        process.standardOutput = output.handle
        try process.run()
        process.waitUntilExit()
        let data = try output.content()
        guard process.terminationStatus == 0 else { throw Unreadable(path: path) }
        return [UInt8](data)
    }
}

extension JSONValue {
    /// A member that holds a string; empty when there is none.
    func text(_ name: String) -> String {
        self[name]?.string ?? ""
    }

    /// The token of a row, given as text or as base64.
    var tokenBytes: [UInt8]? {
        if let token = self["token"]?.string { return [UInt8](token.utf8) }
        return Data(base64Encoded: text("token_b64")).map { [UInt8]($0) }
    }
}
