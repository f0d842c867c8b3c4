import ArgumentParser
import Foundation
import GatewayConfiguration
import JOSE
import Sessions

/// `portcullis keys`.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Signing keys in the key directory.",
        subcommands: [Generate.self, List.self, Rotate.self, Retire.self])

    /// `portcullis keys generate`.
    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a signing key: the current one where there is none, else the next.")

        @OptionGroup var file: ConfigurationOption

        func run() throws {
            let tokens = try file.loadTokens()
            guard let algorithm = SignatureAlgorithm(rawValue: tokens.algorithm.rawValue) else {
                throw CommandFailure(.configuration, "portcullis: tokens.algorithm is not one that keys are made for")
            }
            let directory = SigningKeyDirectory(path: tokens.keyDirectory, configurationPath: file.path)
            do throws(SigningKeyError) {
                let key = try directory.generate(
                    algorithm: algorithm, nowSeconds: Int64(Date.now.timeIntervalSince1970))
                print(
                    "made the \(key.state.rawValue) key \(key.keyID) (\(key.algorithm.rawValue)) in \(tokens.keyDirectory)"
                )
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    /// `portcullis keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys: which signs, which only verify.")

        @OptionGroup var file: ConfigurationOption

        func run() throws {
            let tokens = try file.loadTokens()
            let directory = SigningKeyDirectory(path: tokens.keyDirectory, configurationPath: file.path)
            let keys: [SigningKeyDescription]
            do throws(SigningKeyError) {
                keys = try directory.list()
            } catch {
                throw CommandFailure(error)
            }
            guard !keys.isEmpty else {
                print("no keys yet; make one with: portcullis keys generate --config \(file.path)")
                return
            }
            var table = TextTable(header: ["KEY ID", "ALGORITHM", "STATE", "CREATED"])
            for key in keys {
                let created = Date(timeIntervalSince1970: Double(key.createdSeconds))
                table.add([key.keyID, key.algorithm.rawValue, key.state.rawValue, created.formatted(.iso8601)])
            }
            print(table.text)
        }
    }

    /// `portcullis keys rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the next key the current one; the one before still verifies.",
            discussion: "A running gateway reads its keys at the start: start it again.")

        @OptionGroup var file: ConfigurationOption

        func run() throws {
            let tokens = try file.loadTokens()
            let directory = SigningKeyDirectory(path: tokens.keyDirectory, configurationPath: file.path)
            do throws(SigningKeyError) {
                let key = try directory.rotate(nowSeconds: Int64(Date.now.timeIntervalSince1970))
                print("\(key.keyID) (\(key.algorithm.rawValue)) signs once the gateway has been started again")
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    /// `portcullis keys retire`.
    struct Retire: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a previous or next key: what it signed is no longer accepted.",
            discussion: "A running gateway reads its keys at the start: start it again.")

        @Argument(help: "The key, as list shows it; after -- when it begins with a dash.")
        var keyID: String
        @OptionGroup var file: ConfigurationOption

        func run() throws {
            let tokens = try file.loadTokens()
            let directory = SigningKeyDirectory(path: tokens.keyDirectory, configurationPath: file.path)
            do throws(SigningKeyError) {
                try directory.retire(keyID: keyID)
                print("removed \(keyID); tokens it signed are refused once the gateway has been started again")
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
