import ArgumentParser
import Foundation
import GatewayConfiguration
import Synchronization

/// `--config FILE`, which every command takes.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .customLong("config"), help: ArgumentHelp("The configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var path: String

    /// Reads the file.
    ///
    /// - Throws: ``CommandFailure`` with every problem of the file.
    func load() throws -> Configuration {
        do throws(ConfigurationProblems) {
            return try ConfigurationLoader.load(path: path, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Reads the file, and notes which files were read for it, itself included.
    ///
    /// - Throws: ``CommandFailure`` with every problem of the file.
    func loadNotingFiles() throws -> (Configuration, [String]) {
        let read = Mutex<[String]>([])
        let files = FileReader { path, limit throws(FileReader.Failure) in
            read.withLock { $0.append(path) }
            return try FileReader.disk.read(path, limit)
        }
        do throws(ConfigurationProblems) {
            let configuration = try ConfigurationLoader.load(
                path: path, environment: ProcessInfo.processInfo.environment, files: files)
            return (configuration, read.withLock { $0 })
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Reads the file, and insists on the part that issues tokens.
    func loadTokens() throws -> Configuration.Tokens {
        guard let tokens = try load().tokens else {
            throw CommandFailure(
                .configuration,
                "\(path): tokens: missing; keys are for issuing tokens, so say under \"tokens:\" where they are kept "
                    + "(key_directory)")
        }
        return tokens
    }

    /// Insists on the account database.
    ///
    /// - Parameter configuration: what the file says.
    /// - Returns: where accounts are kept.
    /// - Throws: ``CommandFailure`` when the file does not say.
    func credentials(of configuration: Configuration) throws -> Configuration.Credentials {
        guard let credentials = configuration.credentials else {
            throw CommandFailure(
                .configuration,
                "\(path): credentials: missing; say where accounts are kept: "
                    + "credentials: {database: ./portcullis.sqlite}")
        }
        return credentials
    }
}
