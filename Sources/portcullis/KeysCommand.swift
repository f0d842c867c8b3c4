import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import JOSE
import Sessions

/// `portcullis keys`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Signing keys in the key directory.",
        discussion: "Running gateways take up every change by themselves within seconds.",
        subcommands: [Generate.self, List.self, Rotate.self, Retire.self])

    /// `portcullis keys generate`.
    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a signing key: the current one where there is none, else the next, published and waiting.",
            discussion: Examples("", "portcullis keys generate --config portcullis.yaml").text)

        @OptionGroup var file: ConfigurationOption

        func run() throws {
            let directory = try file.loadKeyDirectory()
            do throws(SigningKeyError) {
                let key = try directory.generate(nowSeconds: KeysCommand.now)
                print("made the \(key.state.rawValue) key \(key.keyID) (\(key.purposeText)) in \(directory.path)")
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    /// `portcullis keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys and what each is for.",
            discussion: Examples(
                "", "portcullis keys list --config portcullis.yaml",
                "portcullis keys list --output json --config portcullis.yaml"
            ).text)

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var output: OutputOption

        func run() throws {
            let directory = try file.loadKeyDirectory()
            let keys: [SigningKeyDescription]
            do throws(SigningKeyError) {
                keys = try directory.list(nowSeconds: KeysCommand.now)
            } catch {
                throw CommandFailure(error)
            }
            if keys.isEmpty, output.format == .table {
                print("no keys yet; make one with: portcullis keys generate --config \(file.path)")
                return
            }
            output.printList(
                "keys", keys, header: ["KEY ID", "FOR", "STATE", "CREATED", "SIGNS FROM", "VERIFIES UNTIL"]
            ) { key in
                [
                    key.keyID, key.purposeText, key.state.rawValue, KeysCommand.text(key.createdSeconds),
                    key.activatesSeconds.map(KeysCommand.text) ?? "not decided",
                    key.endsSeconds.map(KeysCommand.text) ?? "-",
                ]
            } document: {
                $0.document(nowSeconds: KeysCommand.now)
            }
        }
    }

    /// `portcullis keys rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish the next key, and have it sign once it was published for tokens.publish_ahead.",
            discussion: Examples(
                "The key before it verifies until the last token it signed has expired, and then goes.",
                "portcullis keys rotate --config portcullis.yaml"
            ).text)

        @Flag(help: "Exchange the key that refresh tokens are derived with; sessions go on.")
        var refreshKey = false
        @Flag(help: "Sign with the next key at once; verifiers that keep a key set refuse its tokens for a while.")
        var now = false
        @OptionGroup var file: ConfigurationOption

        func validate() throws {
            if refreshKey && now {
                throw ValidationError("--now is for signing keys: for a refresh key, use retire --now")
            }
        }

        func run() throws {
            let directory = try file.loadKeyDirectory()
            do throws(SigningKeyError) {
                let time = KeysCommand.now
                let key =
                    refreshKey
                    ? try directory.rotateRefreshKey(nowSeconds: time)
                    : try directory.rotate(nowSeconds: time, immediately: now)
                let instant = key.activatesSeconds ?? time
                print(
                    "\(key.keyID) (\(key.purposeText)) is published and takes over "
                        + (instant <= time ? "now" : "at \(KeysCommand.text(instant))"))
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    /// `portcullis keys retire`.
    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a key that is not needed, or with --now one that was leaked.",
            discussion: Examples(
                """
                With --now whatever the key made is refused from now on: it is taken from the key directory, another one signs \
                at once, and its kid is put on the deny-list. A refresh key that goes ends the sessions it was used in.
                """, "portcullis keys retire --now --config portcullis.yaml -- 7fK2"
            ).text)

        @Argument(help: "The key, as list shows it; after -- when it begins with a dash.")
        var keyID: String
        @Flag(help: "It was leaked: refuse what it made.")
        var now = false
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let directory = try file.loadKeyDirectory()
            let isKnown: Bool
            do throws(SigningKeyError) {
                isKnown = try directory.retire(keyID: keyID, nowSeconds: KeysCommand.now, isLeaked: now)
            } catch {
                throw CommandFailure(error)
            }
            let done = isKnown ? "removed \(keyID)" : "\(keyID) is not in \(directory.path)"
            guard now else { return print(done) }
            switch await OutsideRevocation.revoke(keyID: keyID, try file.load()) {
            case .revoked:
                print("\(done); every token it signed is refused")
            case .outOfReach:
                print("\(done); there is no redis in \(file.path): its tokens are refused where this directory is used")
            case .unavailable:
                throw CommandFailure(
                    .unavailable, "\(done), but Redis did not confirm its revocation; run this again")
            }
        }
    }

    fileprivate static var now: Int64 { Int64(Date.now.timeIntervalSince1970) }

    fileprivate static func text(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}

extension SigningKeyDescription {
    fileprivate var purposeText: String {
        switch purpose {
        case .accessTokens(let algorithm): algorithm.rawValue
        case .refreshTokens: "refresh tokens"
        }
    }
}

extension ConfigurationOption {
    /// Reads the file, and insists on a key directory.
    fileprivate func loadKeyDirectory() throws -> SigningKeyDirectory {
        let configuration = try load()
        let tokens = try loadTokens()
        let source = SigningKeySource(
            tokens, leewaySeconds: configuration.leewaySeconds, configurationPath: path)
        guard let directory = source.directory else {
            throw CommandFailure(
                .configuration,
                "\(path): tokens.signing_key: the keys stand in the configuration, so they are exchanged there")
        }
        return directory
    }
}
