import ArgumentParser
import Credentials
import Gateway
import GatewayConfiguration
import JOSE

/// `portcullis api-key`.
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Keys for machines and agents that present one string.",
        subcommands: [Create.self, List.self, Revoke.self, Delete.self])

    /// Whose keys are meant.
    struct OwnerOption: ParsableArguments {
        @Option(help: "The user it is for; also the subject of its requests.")
        var user: String?
        @Option(help: "The client it is for.")
        var client: String?

        var owner: APIKey.Owner? {
            get throws(CredentialError) {
                if let user { return .subject(try UserName(user)) }
                if let client { return .client(try ClientID(client)) }
                return nil
            }
        }
    }

    /// `portcullis api-key create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key; it is shown once, on standard output, and kept nowhere.",
            discussion: Examples(
                "", "portcullis api-key create --user alice --config portcullis.yaml",
                "portcullis api-key create --client ci --scope ci --config portcullis.yaml"
            ).text)

        @OptionGroup var whose: OwnerOption
        @Option(help: "The scopes it may be used for, with spaces between.")
        var scope = ""
        @Option(help: "What it is for, to know it again in the list.")
        var label = ""
        @Option(help: "The addresses and blocks it may be used from, with spaces between.")
        var addresses = ""
        @Option(name: .customLong("expires-in"), help: "How long it lives, such as 90d; without it for ever.")
        var expiresIn: String?
        @OptionGroup var file: ConfigurationOption

        func validate() throws {
            guard (whose.user == nil) != (whose.client == nil) else {
                throw ValidationError("say whose it is: --user NAME or --client ID")
            }
            _ = try lifetimeSeconds
        }

        private var lifetimeSeconds: Int64? {
            get throws {
                guard let expiresIn else { return nil }
                guard let milliseconds = DurationText.milliseconds(expiresIn), milliseconds >= 1000 else {
                    throw ValidationError("--expires-in takes a duration such as 12h or 90d")
                }
                return milliseconds / 1000
            }
        }

        func run() async throws {
            let lifetime = try lifetimeSeconds
            let key = try await MachineStore.withDirectory(file) { directory in
                guard let owner = try whose.owner else { throw CredentialError(.invalidName) }
                return try directory.createAPIKey(
                    owner: owner, label: label, scope: scope, addresses: addresses, lifetimeSeconds: lifetime)
            }
            print(key.exposed)
        }
    }

    /// `portcullis api-key list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys by their ids; secrets are not kept.",
            discussion: Examples(
                "", "portcullis api-key list --config portcullis.yaml",
                "portcullis api-key list --output json --config portcullis.yaml"
            ).text)

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var output: OutputOption

        func run() async throws {
            try await MachineStore.open(try file.load(), at: file.path) { store in
                var keys: [APIKey] = []
                var last: APIKeyID?
                repeat {
                    let page = try store.listAPIKeys(after: last, limit: 500)
                    keys += page
                    last = page.last?.id
                } while last != nil
                output.printList("api_keys", keys, header: Self.header, cells: Self.row) {
                    .object($0.members(nowMilliseconds: MachineStore.clock()))
                }
            }
        }

        private static let header = [
            "ID", "STATE", "OWNER", "CREATED", "EXPIRES", "LAST USED", "ADDRESSES", "LABEL", "SCOPE",
        ]

        private static func row(_ key: APIKey) -> [String] {
            [
                key.id.text, key.state(nowMilliseconds: MachineStore.clock()),
                "\(key.owner.kind == "client" ? "client" : "user") \(key.owner.name)",
                MachineStore.text(key.createdAtMilliseconds), MachineStore.text(key.expiresAtMilliseconds),
                MachineStore.text(key.lastUsedAtMilliseconds),
                key.addresses.text.isEmpty ? "-" : key.addresses.text, key.label.text.isEmpty ? "-" : key.label.text,
                key.scope.text,
            ]
        }
    }

    /// `portcullis api-key revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take keys back for ever; every node refuses them at once.",
            discussion: Examples(
                "The id is what list shows, or the key's part between pk_ and the next underscore.",
                "portcullis api-key revoke A1b2C3d4E5f6 --config portcullis.yaml"
            ).text)

        @Argument(help: "The id of the key.")
        var id: String?
        @OptionGroup var whose: OwnerOption
        @Option(help: "Why, for whoever looks into it later.")
        var reason = "revoked by an administrator"
        @OptionGroup var file: ConfigurationOption

        func validate() throws {
            guard [id, whose.user, whose.client].compactMap({ $0 }).count == 1 else {
                throw ValidationError("say which: an id, or all keys of --user NAME or --client ID")
            }
        }

        func run() async throws {
            let ending = APIKeyEnding(try file.load(), path: file.path, reason: reason)
            let keys: [APIKeyID]
            do {
                if let owner = try whose.owner {
                    keys = try await ending.revokeKeys(of: owner)
                } else {
                    let key = try APIKeyID(id ?? "")
                    try await ending.revoke(key)
                    keys = [key]
                }
            } catch let error as CredentialError {
                throw CommandFailure(error)
            }
            print("revoked \(keys.isEmpty ? "no key: there is none" : keys.map(\.text).joined(separator: " "))")
            if !ending.reachesGateways, !keys.isEmpty {
                print(APIKeyEnding.withoutRedis)
            }
        }
    }

    /// `portcullis api-key delete`.
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key and forget it: it is not listed any more.",
            discussion: Examples(
                "When Redis does not confirm the revocation the key stays, revoked; run it again.",
                "portcullis api-key delete 2Hk9sLmQ0aZx --config portcullis.yaml"
            ).text)

        @Argument(help: "The id of the key, as list shows it.")
        var id: String
        @Option(help: "Why, for whoever looks into it later.")
        var reason = "deleted by an administrator"
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let configuration = try file.load()
            do {
                let key = try APIKeyID(id)
                let ending = APIKeyEnding(configuration, path: file.path, reason: reason)
                try await ending.revoke(key)
                try await MachineStore.open(configuration, at: file.path) { try $0.delete(key) }
            } catch let error as CredentialError {
                throw CommandFailure(error)
            }
            print("deleted \(id)")
        }
    }
}
