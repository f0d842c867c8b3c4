import ArgumentParser
import Credentials
import Foundation
import Gateway
import GatewayConfiguration
import Logging

/// `portcullis api-key`.
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Keys for machines and agents that present one string.",
        subcommands: [Create.self, List.self, Revoke.self])

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
            abstract: "Make a key; it is shown once, on standard output, and kept nowhere.")

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
        static let configuration = CommandConfiguration(abstract: "List the keys by their ids; secrets are not kept.")

        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await MachineStore.open(try file.load(), at: file.path) { store in
                var table = TextTable(
                    header: ["ID", "STATE", "OWNER", "CREATED", "EXPIRES", "LAST USED", "ADDRESSES", "LABEL", "SCOPE"])
                var last: APIKeyID?
                repeat {
                    let page = try store.listAPIKeys(after: last, limit: 500)
                    for key in page { table.add(Self.row(key)) }
                    last = page.last?.id
                } while last != nil
                print(table.text)
            }
        }

        private static func row(_ key: APIKey) -> [String] {
            let isExpired = key.expiresAtMilliseconds.map { $0 <= MachineStore.clock() } ?? false
            let state = key.revokedAtMilliseconds != nil ? "revoked" : isExpired ? "expired" : "active"
            return [
                key.id.text, state, "\(key.owner.kind == "client" ? "client" : "user") \(key.owner.name)",
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
            discussion: "The id is what list shows, or the key's part between pk_ and the next underscore.")

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
            let configuration = try file.load()
            let keys = try await MachineStore.open(configuration, at: file.path) { store in
                let now = MachineStore.clock()
                if let owner = try whose.owner { return try store.revokeAPIKeys(of: owner, nowMilliseconds: now) }
                let key = try APIKeyID(id ?? "")
                try store.revoke(key, nowMilliseconds: now)
                return [key]
            }
            var quiet = Logger(label: "redis")
            quiet.logLevel = .critical
            let isAnnounced: Bool
            do {
                isAnnounced = try await APIKeyRevocation.announce(
                    keys, configuration: configuration, reason: reason, logger: quiet)
            } catch let error as GatewayError {
                throw CommandFailure(error)
            }
            print("revoked \(keys.isEmpty ? "no key: there is none" : keys.map(\.text).joined(separator: " "))")
            if !isAnnounced, !keys.isEmpty {
                print("there is no Redis: a running gateway refuses them once it looks them up again")
            }
        }
    }
}
