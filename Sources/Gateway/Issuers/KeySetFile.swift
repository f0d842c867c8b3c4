import Foundation
import JOSE
import Proxy
import Synchronization

/// One issuer's keys in a file, read again when the file changes.
final class KeySetFile: Reloadable {
    let name: String
    private let issuer: String
    private let path: String
    private let index: Int
    private let trust: TrustStore
    private let fingerprint: Mutex<FileFingerprint?>

    /// - Parameters:
    ///   - issuer: the issuer's name.
    ///   - path: the file.
    ///   - index: the issuer's place in the trust store.
    ///   - trust: where its keys are put in force.
    init(issuer: String, path: String, index: Int, trust: TrustStore) {
        name = "issuers: jwks_file of \(issuer)"
        self.issuer = issuer
        self.path = path
        self.index = index
        self.trust = trust
        fingerprint = Mutex(FileFingerprint(path))
    }

    func hasChanged() -> Bool {
        let now = FileFingerprint(path)
        // A file that is away for a moment is being replaced.
        return now != nil && fingerprint.withLock { $0 != now }
    }

    func reload() throws(ReloadFailure) -> [String: String] {
        // Before it is read: what changes afterwards is read again.
        let seen = FileFingerprint(path)
        fingerprint.withLock { $0 = seen }
        do throws(GatewayError) {
            let keys = try Self.read(path, issuer: issuer)
            do throws(JOSEError) {
                try trust.publish(keys, ofIssuer: index)
            } catch {
                throw GatewayError(.configuration, "issuer \(issuer): a key of \(path) cannot be used: \(error.code)")
            }
            return ["keys": "\(keys.keys.count)"]
        } catch {
            throw ReloadFailure(problems: [error.description])
        }
    }

    /// Reads a file of keys.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - issuer: the issuer, named in advice.
    /// - Returns: its keys, one at least.
    /// - Throws: ``GatewayError`` that says what to do.
    static func read(_ path: String, issuer: String) throws(GatewayError) -> JSONWebKeySet {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw GatewayError(
                .configuration,
                "issuer \(issuer): jwks_file \(path) cannot be read; check the path and its permissions")
        }
        do throws(JOSEError) {
            let keys = try JSONWebKeySet(json: Array(data), provenance: .operatorFile)
            guard keys.keys.isEmpty else { return keys }
        } catch {
            throw GatewayError(
                .configuration, "issuer \(issuer): jwks_file \(path) is not a usable JSON Web Key Set: \(error.code)")
        }
        throw GatewayError(.configuration, "issuer \(issuer): jwks_file \(path) holds no key that can be used")
    }
}
