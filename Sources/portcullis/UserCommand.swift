import ArgumentParser
import Credentials
import Foundation
import Gateway
import GatewayConfiguration

/// `portcullis user`.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Accounts that can log in.",
        subcommands: [
            Add.self, List.self, ChangePassword.self, Disable.self, Enable.self, Delete.self, Import.self,
        ])

    /// `portcullis user add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account; the password is read from the terminal or standard input.",
            discussion: Examples("", #"portcullis user add alice --scope "orders:read" --config portcullis.yaml"#).text)

        @Argument(help: "The name to log in with; also the subject of the tokens.")
        var name: String
        @Option(help: "The scopes its tokens may have, with spaces between.")
        var scope = ""
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: true) { directory, _ in
                let password = try PasswordPrompt.readNew()
                try await directory.add(
                    name: name, password: password, scope: scope, nowMilliseconds: UserCommand.nowMilliseconds)
                print("added \(name)")
            }
        }
    }

    /// `portcullis user list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts.",
            discussion: Examples(
                "", "portcullis user list --config portcullis.yaml",
                "portcullis user list --output json --config portcullis.yaml"
            ).text)

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var output: OutputOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory, _ in
                var users: [User] = []
                var last: String?
                repeat {
                    let page = try await directory.list(after: last, limit: 500)
                    users += page
                    last = page.last?.name.text
                } while last != nil
                output.printList("users", users, header: ["NAME", "STATE", "CREATED", "SCOPE"]) { user in
                    [
                        user.name.text, user.isDisabled ? "disabled" : "active",
                        MachineStore.text(user.createdAtMilliseconds), user.scope.text,
                    ]
                } document: {
                    $0.document
                }
            }
        }
    }

    /// `portcullis user passwd`.
    struct ChangePassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passwd", abstract: "Change the password of an account.",
            discussion: Examples("", "portcullis user passwd alice --config portcullis.yaml").text)

        @Argument(help: "The account.")
        var name: String
        @Flag(help: "End the account's sessions too: whoever is logged in has to log in again.")
        var endSessions = false
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory, configuration in
                let password = try PasswordPrompt.readNew()
                try await directory.setPassword(
                    password, of: name, nowMilliseconds: UserCommand.nowMilliseconds)
                print("changed the password of \(name)")
                guard endSessions else { return }
                try await SessionEndingReport.end(
                    after: "the password is changed", of: name, configuration, path: file.path)
            }
        }
    }

    /// `portcullis user disable`.
    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable an account: it cannot log in any more, and its sessions end.",
            discussion: Examples("", "portcullis user disable alice --config portcullis.yaml").text)

        @Argument(help: "The account.")
        var name: String
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory, configuration in
                try await directory.setDisabled(true, of: name, nowMilliseconds: UserCommand.nowMilliseconds)
                print("disabled \(name)")
                try await SessionEndingReport.end(
                    after: "the account is disabled", of: name, configuration, path: file.path)
            }
        }
    }

    /// `portcullis user enable`.
    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a disabled account log in again.",
            discussion: Examples("", "portcullis user enable alice --config portcullis.yaml").text)

        @Argument(help: "The account.")
        var name: String
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory, _ in
                try await directory.setDisabled(false, of: name, nowMilliseconds: UserCommand.nowMilliseconds)
                print("enabled \(name)")
            }
        }
    }

    /// `portcullis user delete`.
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an account for ever: its sessions end, its tokens and API keys are refused.",
            discussion: Examples(
                "When Redis does not confirm that, the account stays, disabled; run it again.",
                "portcullis user delete alice --config portcullis.yaml"
            ).text)

        @Argument(help: "The account.")
        var name: String
        @Option(help: "Why; kept with the revocation of its API keys.")
        var reason = "user deleted"
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            // In this order a failure leaves nothing behind that nobody could find again.
            try await UserCommand.withDirectory(file, createsDatabase: false) { directory, configuration in
                try await directory.setDisabled(true, of: name, nowMilliseconds: UserCommand.nowMilliseconds)
                try await SessionEndingReport.end(
                    after: "the account is disabled", of: name, configuration, path: file.path)
                let owner = APIKey.Owner.subject(try UserName(name))
                let ending = APIKeyEnding(configuration, path: file.path, reason: reason)
                let keys = try await ending.revokeKeys(of: owner)
                try await directory.delete(name, nowMilliseconds: UserCommand.nowMilliseconds)
                print("deleted \(name)")
                if !ending.reachesGateways, !keys.isEmpty { print(APIKeyEnding.withoutRedis) }
            }
        }
    }

    /// `portcullis user import`.
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add accounts whose passwords were hashed elsewhere: all of them or none.",
            discussion: Examples(
                """
                csv: a header line with name and password_hash, and scope and disabled (true or false) if wanted; fields
                in quotes by RFC 4180. htpasswd: lines of name:hash. Hashes are bcrypt ($2a$, $2b$, $2y$) or $scrypt$.
                """, "portcullis user import accounts.csv --config portcullis.yaml",
                "portcullis user import .htpasswd --format htpasswd --config portcullis.yaml"
            ).text)

        @Argument(help: "The file; - for standard input.")
        var path: String
        @Option(help: "csv or htpasswd; left out: by the ending of the file's name.")
        var format: AccountImport.Format?
        @Option(help: "The scopes of accounts for which the file names none.")
        var scope = ""
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let named: AccountImport.Format? =
                path.hasSuffix(".csv") ? .csv : path.hasSuffix("htpasswd") ? .htpasswd : nil
            guard let format = format ?? named else {
                throw ValidationError("say --format csv or --format htpasswd")
            }
            let bytes = try InputFile.read(path, atMost: AccountImport.maximumByteCount)
            try await UserCommand.withDirectory(file, createsDatabase: true) { directory, _ in
                let users = try AccountImport.read(bytes, format, scope: scope)
                try await directory.importUsers(users, nowMilliseconds: UserCommand.nowMilliseconds)
                print("added \(users.count) accounts")
            }
        }
    }

    static var nowMilliseconds: Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }

    /// Opens the accounts for as long as a command works on them.
    static func withDirectory(
        _ file: ConfigurationOption, createsDatabase: Bool,
        _ body: (UserDirectory, Configuration) async throws -> Void
    ) async throws {
        let configuration = try file.load()
        let credentials = try file.credentials(of: configuration)
        do {
            let database = try AccountDatabase.open(credentials.database, createsIfAbsent: createsDatabase)
            defer { database.close() }
            let pool = try HashingPool(hasher: try PasswordHasher(), threadCount: 1)
            try await body(
                UserDirectory(
                    store: SQLCredentialStore(database), pool: pool,
                    denyList: try PasswordDenyList(path: configuration.login.passwordDenyListFile)), configuration)
            await pool.shutDown()
        } catch let error as CredentialError {
            throw CommandFailure(error)
        }
    }
}

extension AccountImport.Format: ExpressibleByArgument {}
