import ArgumentParser
import Credentials
import Gateway
import GatewayConfiguration
import JOSE

/// `portcullis client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Programs that get tokens of their own (OAuth clients).",
        subcommands: [Add.self, List.self, Disable.self, Delete.self])

    /// `portcullis client add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a client; its secret is shown once, on standard output.",
            discussion: Examples(
                "", #"portcullis client add agent --scope "orders:read" --config portcullis.yaml"#,
                "portcullis client add app --public --grants password --config portcullis.yaml"
            ).text)

        @Argument(help: "Its identifier; also the subject of the tokens it gets for itself.")
        var id: String
        @Option(help: "The scopes its tokens may have, with spaces between.")
        var scope = ""
        @Option(
            help: ArgumentHelp(
                "What it may get tokens for: client_credentials, password, with spaces between; by default "
                    + "client_credentials, and nothing for a public client."))
        var grants: String?
        @Flag(name: .customLong("public"), help: "It can keep no secret, and gets none.")
        var isPublic = false
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let secret = try await MachineStore.withDirectory(file) { directory in
                try directory.addClient(
                    id: id, isPublic: isPublic, grants: grants ?? (isPublic ? "" : "client_credentials"), scope: scope)
            }
            // On its own, so that a script can take it.
            print(secret ?? "added \(id)")
        }
    }

    /// `portcullis client list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the clients.",
            discussion: Examples(
                "", "portcullis client list --config portcullis.yaml",
                "portcullis client list --output json --config portcullis.yaml"
            ).text)

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var output: OutputOption

        func run() async throws {
            try await MachineStore.open(try file.load(), at: file.path) { store in
                var clients: [Client] = []
                var last: ClientID?
                repeat {
                    let page = try store.listClients(after: last, limit: 500)
                    clients += page
                    last = page.last?.id
                } while last != nil
                output.printList(
                    "clients", clients, header: ["ID", "STATE", "KIND", "GRANTS", "CREATED", "SCOPE"]
                ) { client in
                    [
                        client.id.text, client.isDisabled ? "disabled" : "active",
                        client.isPublic ? "public" : "confidential",
                        client.grants.text.isEmpty ? "-" : client.grants.text,
                        MachineStore.text(client.createdAtMilliseconds), client.scope.text,
                    ]
                } document: {
                    .object($0.members)
                }
            }
        }
    }

    /// `portcullis client disable`.
    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse a client from now on, and with it its API keys.",
            discussion: Examples(
                """
                Every token that was issued to it is refused at once, and its sessions end. With --undo it is taken again, and
                has to get new ones.
                """, "portcullis client disable agent --config portcullis.yaml",
                "portcullis client disable agent --undo --config portcullis.yaml"
            ).text)

        @Argument(help: "The client.")
        var id: String
        @Flag(help: "Take it again.")
        var undo = false
        @Option(help: "Why; kept with the revocation.")
        var reason = "client disabled"
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let configuration = try file.load()
            try await MachineStore.open(configuration, at: file.path) { store in
                try store.setDisabled(!undo, of: ClientID(id), nowMilliseconds: MachineStore.clock())
            }
            print("\(undo ? "enabled" : "disabled") \(id)")
            if !undo { try await ClientCommand.endTokens(of: id, reason: reason, configuration, path: file.path) }
        }
    }

    /// `portcullis client delete`.
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a client for ever: its tokens and API keys are refused.",
            discussion: Examples(
                "When Redis does not confirm that, the client stays, disabled; run it again.",
                "portcullis client delete agent --config portcullis.yaml"
            ).text)

        @Argument(help: "The client.")
        var id: String
        @Option(help: "Why; kept with the revocation.")
        var reason = "client deleted"
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let configuration = try file.load()
            // In this order a failure leaves nothing behind that nobody could find again.
            try await MachineStore.open(configuration, at: file.path) { store in
                let client = try ClientID(id)
                try store.setDisabled(true, of: client, nowMilliseconds: MachineStore.clock())
                try await ClientCommand.endTokens(of: id, reason: reason, configuration, path: file.path)
                let ending = APIKeyEnding(configuration, path: file.path, reason: reason)
                let keys = try await ending.revokeKeys(of: .client(client))
                try store.delete(client, nowMilliseconds: MachineStore.clock())
                print("deleted \(id)")
                if !ending.reachesGateways, !keys.isEmpty { print(APIKeyEnding.withoutRedis) }
            }
        }
    }

    /// Refuses the tokens that a client has got, and says what came of it.
    private static func endTokens(
        of id: String, reason: String, _ configuration: Configuration, path: String
    ) async throws {
        guard configuration.tokens != nil else { return }
        switch await OutsideRevocation.revoke(clientID: id, reason: reason, configuration) {
        case .revoked: print("tokens issued to it so far are refused")
        case .outOfReach:
            print(
                "there is no redis in \(path): tokens it has are good until they expire, or until: "
                    + "portcullis revoke --client \(id) --config \(path)")
        case .unavailable:
            throw CommandFailure(
                .unavailable,
                "portcullis: the client is disabled, but Redis did not confirm the end of its tokens; run this again")
        }
    }
}
