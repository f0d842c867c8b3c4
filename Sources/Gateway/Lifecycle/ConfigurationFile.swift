import Foundation
import GatewayConfiguration
import LibCrypto
import Proxy
import Revocation

/// The configuration file of a running gateway, which may have changed since it was read.
///
/// Reads from disk, so not for an event loop.
struct ConfigurationFile: Sendable {
    /// Where it is, as it was given.
    let path: String
    /// What `${NAME}` takes values from.
    let environment: [String: String]

    /// What tells it from what was there before, past symbolic links; `nil` while it cannot be seen.
    var fingerprint: FileFingerprint? { FileFingerprint(path) }

    /// The SHA-256 of its bytes, as it is now; `nil` when it cannot be read.
    var digest: String? {
        FileManager.default.contents(atPath: path).map {
            Hexadecimal.encode(Digest.hash(Array($0), with: .sha256))
        }
    }

    /// Reads it.
    ///
    /// - Throws: ``ReloadFailure`` with every problem of the file.
    func load() throws(ReloadFailure) -> Configuration {
        do throws(ConfigurationProblems) {
            return try ConfigurationLoader.load(path: path, environment: environment)
        } catch {
            throw ReloadFailure(problems: error.description.split(separator: "\n").map(String.init))
        }
    }
}
