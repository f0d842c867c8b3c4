import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import JOSE

/// `portcullis token`.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Look at access tokens.", subcommands: [Inspect.self])

    /// `portcullis token inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what the token on standard input says, and what is wrong with it.",
            discussion: Examples(
                """
                Without --verify the signature is not checked: nothing shown is to be believed. With --verify the token is
                judged as serve would judge it, except that nobody is asked whether it has been revoked.

                Exits with 0 when nothing is wrong with the token, with 1 when it would be refused.
                """, "portcullis token inspect < token.txt",
                "portcullis token inspect --verify --config portcullis.yaml < token.txt",
                "portcullis token inspect --output json < token.txt"
            ).text)

        /// More than any token has, and little to read.
        private static let maximumInputByteCount = 1 << 20

        @Flag(help: "Check the token against the configuration: issuer, key, signature, claims.")
        var verify = false
        @Option(name: .customLong("config"), help: ArgumentHelp("The configuration file.", valueName: "file"))
        var path: String?
        @OptionGroup var output: OutputOption

        func validate() throws {
            guard verify == (path != nil) else {
                throw ValidationError(verify ? "--verify needs --config" : "--config is for --verify; add it")
            }
        }

        func run() throws {
            let now = Int64(Date.now.timeIntervalSince1970)
            let verifier = try path.map { try ConfiguredVerifier(path: $0) }
            let token = try readToken()
            let inspection = TokenInspection(token)
            let leeway = verifier?.leewaySeconds ?? 30
            let rejection: TokenRejection?
            if let verifier {
                rejection = try verifier.rejection(of: token, nowSeconds: now)
            } else {
                rejection = TokenInspection.rejection(of: token, nowSeconds: now, leewaySeconds: leeway)
            }
            let explanation = rejection.map {
                RejectionExplanation(
                    $0, inspection: inspection, issuers: verifier?.issuers, nowSeconds: now, leewaySeconds: leeway)
            }
            let verdict = TokenVerdict(rejection: rejection, explanation: explanation, configurationPath: path)
            switch output.format {
            case .table: print(TokenReport(inspection, verdict, nowSeconds: now).text)
            case .json: output.printDocument(verdict.document(of: inspection))
            }
            if rejection != nil { throw ExitCode(1) }
        }

        /// The token, without white space around it and without `Bearer` before it.
        private func readToken() throws -> [UInt8] {
            if isatty(STDIN_FILENO) == 1 {
                FileHandle.standardError.write(Data("Paste the token, then press Return and Ctrl-D:\n".utf8))
            }
            var input = Data()
            while input.count <= Self.maximumInputByteCount,
                let more = try FileHandle.standardInput.read(upToCount: 64 * 1024), !more.isEmpty
            {
                input.append(more)
            }
            guard input.count <= Self.maximumInputByteCount else {
                throw ValidationError("more than 1 MiB on standard input: that is no token")
            }
            var text = input[...]
            let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
            text = text.drop(while: isSpace)
            if text.count > 7, String(decoding: text.prefix(7), as: UTF8.self).lowercased() == "bearer " {
                text = text.dropFirst(7).drop(while: isSpace)
            }
            while let last = text.last, isSpace(last) { text = text.dropLast() }
            guard !text.isEmpty else { throw ValidationError("there is no token on standard input") }
            return Array(text)
        }
    }
}

/// The verifier that a configuration makes.
private struct ConfiguredVerifier {
    let issuers: [TrustedIssuer]
    let leewaySeconds: Int64

    init(path: String) throws {
        let option = try ConfigurationOption.parse(["--config", path])
        let configuration = try option.load()
        do throws(GatewayError) {
            issuers = try Gateway.trustedIssuers(configuration, path: path)
        } catch {
            throw CommandFailure(error)
        }
        leewaySeconds = configuration.leewaySeconds
    }

    /// Why the gateway would refuse the token; nil when it would not.
    func rejection(of token: [UInt8], nowSeconds: Int64) throws -> TokenRejection? {
        let verifier: TokenVerifier
        do throws(JOSEError) {
            verifier = try TokenVerifier(issuers: issuers, leewaySeconds: leewaySeconds)
        } catch {
            throw CommandFailure(.configuration, "portcullis: a key of the configuration cannot be used: \(error.code)")
        }
        do throws(TokenRejection) {
            _ = try token.withUnsafeBufferPointer { buffer throws(TokenRejection) in
                try verifier.verify(UnsafeRawBufferPointer(buffer), nowSeconds: nowSeconds)
            }
            return nil
        } catch {
            return error
        }
    }
}
