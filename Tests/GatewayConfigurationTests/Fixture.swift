import Foundation

@testable import GatewayConfiguration

/// How the tests bring texts to the loader.
enum Fixture {
    /// The folder of the package, found from this file.
    static let packageFolder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What the example file wants in the environment.
    static let exampleEnvironment = ["ADMIN_TOKEN": "a-long-admin-token", "REDIS_PASSWORD": "hunter2"]

    /// The least there can be in a file.
    static let least = """
        version: 1
        upstreams: {api: {targets: ["http://127.0.0.1:9000"]}}
        routes: [{path: /, upstream: api, auth: none}]

        """

    static func packageFile(_ path: String) throws -> String {
        try String(contentsOf: packageFolder.appendingPathComponent(path), encoding: .utf8)
    }

    /// A reader of files that exist only in the test; anything else is unreadable.
    static func files(_ contents: [String: [UInt8]]) -> FileReader {
        FileReader { path, byteLimit throws(FileReader.Failure) in
            guard let bytes = contents[path] else { throw .unreadable }
            guard bytes.count <= byteLimit else { throw .tooLarge }
            return bytes
        }
    }

    static func load(
        _ text: String, environment: [String: String] = [:], files: FileReader = Fixture.files([:])
    ) throws(ConfigurationProblems) -> Configuration {
        try ConfigurationLoader.load(
            bytes: Array(text.utf8), path: "/etc/portcullis/portcullis.yaml", environment: environment, files: files)
    }

    /// The problems of a text, none when it loads.
    static func problems(
        _ text: String, environment: [String: String] = [:], files: FileReader = Fixture.files([:])
    ) -> [ConfigurationProblem] {
        do {
            _ = try load(text, environment: environment, files: files)
            return []
        } catch {
            return error.problems
        }
    }

    /// The problems as lines, without the folder.
    static func lines(_ text: String, environment: [String: String] = [:], files: FileReader = Fixture.files([:]))
        -> [String]
    {
        problems(text, environment: environment, files: files).map {
            $0.description.replacingOccurrences(of: "/etc/portcullis/", with: "")
        }
    }

    /// A file with more settings at the top than the least.
    static func with(_ settings: String) -> String {
        least + settings + "\n"
    }

    /// A file with one protected route, and tokens to be protected by.
    static func withRoute(_ route: String) -> String {
        """
        version: 1
        tokens: {issuer: "https://auth.example", key_directory: keys}
        upstreams: {api: {targets: ["http://127.0.0.1:9000"]}}
        routes: [\(route)]
        """
    }
}
