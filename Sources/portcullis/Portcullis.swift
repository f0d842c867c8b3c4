import ArgumentParser
import Gateway
import GatewayConfiguration

/// The command line.
@main
struct Portcullis: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis",
        abstract: "An auth gateway: verifies access tokens, asks a deny-list, forwards what may pass.",
        discussion: """
            To begin:
              portcullis keys generate --config portcullis.yaml    make the signing key
              portcullis user add alice --scope "orders:read" --config portcullis.yaml
              portcullis check --config portcullis.yaml            see whether all is well
              portcullis serve --config portcullis.yaml            start

            Exit codes: 0 done, 64 usage, 69 something needed is unavailable, 70 internal, 78 configuration.
            """,
        version: "portcullis \(Version.current)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, DoctorCommand.self, KeysCommand.self, UserCommand.self,
            ClientCommand.self,
            APIKeyCommand.self, CredentialsCommand.self, RevokeCommand.self, TokenCommand.self,
        ])

    static func main() async {
        do {
            try refuseUnknownCommand(CommandLine.arguments.dropFirst().first)
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            failure.report()
            exit(withError: ExitCode(failure.code.rawValue))
        } catch {
            exit(withError: error)
        }
    }

    /// The parser would complain about the options behind it instead.
    private static func refuseUnknownCommand(_ word: String?) throws {
        guard let word, !word.hasPrefix("-") else { return }
        let known = ["help"] + configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !known.contains(word) else { return }
        let nearest = EditDistance.nearest(to: word, among: known).map { "did you mean \($0)?" }
        throw ValidationError(
            "There is no command \(word); \(nearest ?? "there are: \(known.joined(separator: ", "))")")
    }
}
