import ArgumentParser
import Credentials
import Gateway
import GatewayConfiguration

/// `portcullis credentials`.
struct CredentialsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials", abstract: "The database of accounts as a whole.",
        subcommands: [Copy.self, BackUp.self])

    /// `portcullis credentials copy`.
    struct Copy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy everything from another configuration's database into this one's.",
            discussion: Examples(
                """
                Either may be an SQLite file or a PostgreSQL database. All of it arrives or nothing does; a database that
                has rows already is left alone unless told otherwise. Let no gateway write to the old one meanwhile.
                """, "portcullis credentials copy --from old.yaml --config portcullis.yaml"
            ).text)

        @Option(
            name: .customLong("from"),
            help: ArgumentHelp("The configuration that names the database to copy from.", valueName: "file"))
        var source: String
        @Flag(help: "Delete what the database has first.")
        var replace = false
        @OptionGroup var file: ConfigurationOption

        func run() throws {
            var sourceFile = ConfigurationOption()
            sourceFile.path = source
            let from = try sourceFile.credentials(of: sourceFile.load()).database
            let to = try file.credentials(of: file.load()).database
            guard from != to else {
                throw CommandFailure(.configuration, "portcullis: both configurations name the same database")
            }
            do throws(CredentialError) {
                let source = try AccountDatabase.open(from)
                defer { source.close() }
                let target = try AccountDatabase.open(to, createsIfAbsent: true)
                defer { target.close() }
                for (table, count) in try CredentialCopy.copy(from: source, to: target, replacing: replace) {
                    print("\(table): \(count)")
                }
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    /// `portcullis credentials backup`.
    struct BackUp: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "backup",
            abstract: "Write a copy of the SQLite file, whole and of one moment, while gateways go on using it.",
            discussion: Examples("", "portcullis credentials backup accounts-copy.sqlite --config portcullis.yaml").text
        )

        @Argument(help: "The copy; there must be no such file yet.")
        var path: String
        @OptionGroup var file: ConfigurationOption

        func run() throws {
            guard case .file(let database) = try file.credentials(of: file.load()).database else {
                throw CommandFailure(
                    .configuration,
                    "portcullis: the accounts are in PostgreSQL; back them up by its own means, such as: "
                        + "pg_dump --format=custom --file=FILE DATABASE")
            }
            do throws(CredentialError) {
                let source = try SQLiteDatabase(path: database)
                defer { source.close() }
                try source.backUp(to: path)
                print("wrote \(path)")
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
