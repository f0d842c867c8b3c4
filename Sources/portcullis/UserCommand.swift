import ArgumentParser
import Credentials
import Foundation
import GatewayConfiguration

/// `portcullis user`.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Accounts that can log in.",
        subcommands: [Add.self, List.self, ChangePassword.self])

    /// `portcullis user add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account; the password is read from the terminal or standard input.")

        @Argument(help: "The name to log in with; also the subject of the tokens.")
        var name: String
        @Option(help: "The scopes its tokens may have, with spaces between.")
        var scope = ""
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: true) { directory in
                let password = try PasswordPrompt.readNew()
                try await directory.add(
                    name: name, password: password, scope: scope, nowMilliseconds: UserCommand.nowMilliseconds)
                print("added \(name)")
            }
        }
    }

    /// `portcullis user list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts.")

        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory in
                var table = TextTable(header: ["NAME", "STATE", "CREATED", "SCOPE"])
                var last: String?
                repeat {
                    let page = try await directory.list(after: last, limit: 500)
                    for user in page {
                        let created = Date(timeIntervalSince1970: Double(user.createdAtMilliseconds) / 1000)
                        table.add([
                            user.name.text, user.isDisabled ? "disabled" : "active", created.formatted(.iso8601),
                            user.scope.text,
                        ])
                    }
                    last = page.last?.name.text
                } while last != nil
                print(table.text)
            }
        }
    }

    /// `portcullis user passwd`.
    struct ChangePassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passwd", abstract: "Change the password of an account.")

        @Argument(help: "The account.")
        var name: String
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory in
                let password = try PasswordPrompt.readNew()
                try await directory.setPassword(
                    password, of: name, nowMilliseconds: UserCommand.nowMilliseconds)
                print("changed the password of \(name)")
            }
        }
    }

    private static var nowMilliseconds: Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }

    private static func withDirectory(
        _ file: ConfigurationOption, createsDatabase: Bool, _ body: (UserDirectory) async throws -> Void
    ) async throws {
        let credentials = try file.loadCredentials()
        do {
            var settings = SQLiteDatabase.Settings()
            settings.createsIfAbsent = createsDatabase
            let store = try SQLCredentialStore(path: credentials.databaseFile, settings: settings)
            let pool = try HashingPool(hasher: try PasswordHasher(), threadCount: 1)
            defer { store.close() }
            try await body(UserDirectory(store: store, pool: pool))
            await pool.shutDown()
        } catch let error as CredentialError {
            throw CommandFailure(error)
        }
    }
}
