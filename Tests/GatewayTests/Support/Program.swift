import Foundation
import TestSupport
import Testing

/// The built `portcullis`, run in a folder with a configuration of its own.
struct Program {
    /// It lies beside the bundle of these tests.
    static let executable: URL? = {
        let folders = CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        return folders.map { $0.appendingPathComponent("portcullis") }.first {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }
    }()

    let folder: TemporaryFolder

    init(configuration: String? = nil) throws {
        folder = try TemporaryFolder()
        if let configuration { try folder.write(configuration, to: "portcullis.yaml") }
    }

    /// Runs in a folder that is there.
    init(in folder: TemporaryFolder) throws {
        self.folder = folder
    }

    /// Starts it with `--config`.
    func start(_ command: String..., input: String = "") throws -> ProgramRun {
        try launch(command + ["--config", "portcullis.yaml"], input: input)
    }

    /// Starts it with these arguments.
    func launch(_ arguments: [String], input: String = "") throws -> ProgramRun {
        let executable = try #require(Self.executable, "portcullis is not beside \(CommandLine.arguments)")
        return try ProgramRun(executable, arguments, input: input, directory: folder.url)
    }

    /// Runs it to its end, and searches what it wrote for secrets.
    func run(_ command: String..., input: String = "") async throws -> Outcome {
        try await Outcome(launch(command + ["--config", "portcullis.yaml"], input: input))
    }

    struct Outcome {
        var exitCode: Int32?
        var output: String
        var errors: String

        init(_ run: ProgramRun) async {
            exitCode = await run.end()
            output = run.output
            errors = run.errors
            #expect(SecretLedger.leaks(in: output + errors) == [])
        }
    }
}

/// What a serving process says of itself in its log.
extension ProgramRun {
    /// The public and the admin port, once it listens.
    func ports() async throws -> (public: Int, admin: Int) {
        var ports: [Int] = []
        let listens = await eventually {
            for line in output.split(separator: "\n") where line.contains("gateway is listening") {
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                ports = [object?["public"], object?["admin"]].compactMap {
                    $0?.split(separator: ":").last.flatMap { Int($0) }
                }
            }
            return ports.count == 2 || exitCode != nil
        }
        try #require(listens && ports.count == 2, "it does not listen: \(output) \(errors)")
        return (ports[0], ports[1])
    }

    /// Checks every line of standard output and searches all for secrets.
    func checkLog(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(SecretLedger.logLeaks(in: output + errors) == [], sourceLocation: sourceLocation)
        let severities = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]
        for line in output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
            let timestamp = object?["timestamp"] as? String ?? ""
            #expect(
                timestamp.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(line)",
                sourceLocation: sourceLocation)
            #expect(
                severities.contains(object?["severity"] as? String ?? ""), "\(line)", sourceLocation: sourceLocation)
            #expect(object?["message"] is String, "\(line)", sourceLocation: sourceLocation)
        }
        #expect(output.isEmpty || output.hasSuffix("\n"), sourceLocation: sourceLocation)
    }
}
