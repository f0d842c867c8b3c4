package import Foundation

/// The external test vectors: where `PORTCULLIS_VECTORS` says, else in `../shared/vectors` beside the package.
package enum Vectors {
    /// The folder; `nil` when it is absent, which is said loudly, once for each caller.
    package static func directory() -> URL? {
        // This file's own path, wherever the caller's is.
        let packageRoot = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let directory =
            ProcessInfo.processInfo.environment["PORTCULLIS_VECTORS"].map { URL(fileURLWithPath: $0) }
            ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        guard FileManager.default.fileExists(atPath: directory.path) else {
            print("SKIPPED: no test vectors at \(directory.path); set PORTCULLIS_VECTORS")
            return nil
        }
        return directory
    }

    /// Whether the vectors are there.
    package static let arePresent = directory() != nil

    /// The lines of a JSONL file below the folder, each decoded.
    package static func lines<Line: Decodable>(of path: String, as type: Line.Type) throws -> [Line] {
        guard let directory = directory() else { return [] }
        let text = try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}
