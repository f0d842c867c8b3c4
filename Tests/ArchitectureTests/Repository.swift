import Foundation

/// The files of this package.
enum Repository {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folders below `Sources`.
    static func targets() throws -> Set<String> {
        let sources = root.appendingPathComponent("Sources")
        let entries = try FileManager.default.contentsOfDirectory(
            at: sources, includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles)
        return Set(
            try entries.filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
                .map(\.lastPathComponent))
    }

    /// The Swift files of a target, each with its path below the root.
    static func sources(of target: String) throws -> [(path: String, text: SourceText)] {
        let folder = "Sources/\(target)"
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let path = "\(folder)/\(name)"
            return (path, SourceText(try contents(of: path)))
        }
    }

    /// A file's text.
    static func contents(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The paths of the manifest and of all Swift files of sources and tests.
    static func swiftFiles() throws -> [String] {
        try ["./Package.swift"]
            + ["Sources", "Tests"].flatMap { folder in
                try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
                    .filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }
            }
    }

    /// Whether there is a file or folder.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }
}
