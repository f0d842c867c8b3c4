import Foundation
import FuzzInvariants

/// The files below `Fuzz/`: `Corpus/TARGET/` is where a fuzzer starts, `Findings/TARGET/` what it found at some time.
enum FuzzInputs {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzz")

    /// Each file's path below `Fuzz/` and its bytes.
    static func all(for target: FuzzTarget) throws -> [(path: String, bytes: [UInt8])] {
        try ["Corpus", "Findings"].flatMap { kind in
            let place = folder.appendingPathComponent("\(kind)/\(target.rawValue)")
            guard FileManager.default.fileExists(atPath: place.path) else { return [(path: String, bytes: [UInt8])]() }
            return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
                .sorted { $0.path < $1.path }
                .map { ("\(kind)/\(target.rawValue)/\($0.lastPathComponent)", [UInt8](try Data(contentsOf: $0))) }
        }
    }
}
