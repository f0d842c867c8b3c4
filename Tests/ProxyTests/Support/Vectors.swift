import Foundation
import Testing

/// Finds the shared test vectors: `PORTCULLIS_VECTORS`, else `../shared/vectors` from the project's root.
enum Vectors {
    static let folder: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["PORTCULLIS_VECTORS"].map { URL(filePath: $0) }
            ?? root.deletingLastPathComponent().appending(path: "shared/vectors")
        guard FileManager.default.fileExists(atPath: path.path) else {
            print("SKIPPED: no test vectors at \(path.path); set PORTCULLIS_VECTORS to their folder")
            return nil
        }
        return path
    }()

    static var areAvailable: Bool { folder != nil }

    /// The rows of a JSON-lines file.
    static func rows<Row: Decodable>(_ path: String, as type: Row.Type) throws -> [Row] {
        let folder = try #require(folder)
        let data = try Data(contentsOf: folder.appending(path: path))
        return try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Row.self, from: $0) }
    }
}
