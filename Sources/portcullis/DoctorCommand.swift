import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import JOSE

/// `portcullis doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything a gateway needs, and say what is wrong and what to do.",
        discussion: Examples(
            """
            Makes every check: the file and its permissions, signing keys, accounts, certificates, listeners, Redis,
            issuers, upstreams, open files, clocks. Nothing is changed; in Redis a key is there for a moment. Run it as the
            gateway's user, on its machine.

            Exits with 0 without a problem, 1 with one, 78 when the file itself cannot be used. Warnings change nothing.
            """,
            "portcullis doctor --config portcullis.yaml",
            "portcullis doctor --config portcullis.yaml --output json"
        ).text)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var output: OutputOption

    func run() async throws {
        let (configuration, files) = try file.loadNotingFiles()
        var findings: [Finding] = []
        let tell = { (found: [Finding]) in
            findings += found
            if output.format == .table { for finding in found { print(Self.line(finding)) } }
        }
        await Doctor(configuration, path: file.path, files: files).examine(tell)
        tell(await Self.accounts(configuration, path: file.path))
        let problemCount = findings.filter { $0.verdict == .problem }.count
        switch output.format {
        case .table:
            let warningCount = findings.filter { $0.verdict == .warning }.count
            print("\(findings.count) checks: \(problemCount) problems, \(warningCount) warnings")
        case .json:
            output.printDocument(
                .object([("ok", .bool(problemCount == 0)), ("findings", .array(findings.map(\.document)))]))
        }
        if problemCount > 0 { throw ExitCode(1) }
    }

    /// The database may be on a server that does not answer.
    private static func accounts(_ configuration: Configuration, path: String) async -> [Finding] {
        let found = await Deadline.runBlocking(Doctor.patience) { AccountCheck.findings(on: configuration, path: path) }
        return found
            ?? [
                Finding(
                    .problem, "accounts",
                    "credentials.database does not answer; check whether the server is well and can be reached from here"
                )
            ]
    }

    private static func line(_ finding: Finding) -> String {
        let word = TerminalStyle.output.paint(
            finding.verdict.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0), finding.verdict)
        return "\(word)  \(finding.check.padding(toLength: 17, withPad: " ", startingAt: 0))  \(finding.message)"
    }
}

extension Finding {
    /// The finding in JSON.
    var document: JSONValue {
        .object([
            ("check", .string(check)), ("verdict", .string(verdict.rawValue)), ("message", .string(message)),
        ])
    }
}
