import Foundation
import GatewayConfiguration
import JOSE
import Logging
import Revocation
import Sessions
import Synchronization

/// Takes up signing keys: when their folder changes, and when their schedule says that the time has come.
///
/// Each node decides by the manifest and its own clock; it also makes the next keys when they are due and no other node that
/// shares the folder has done so.
final class SigningKeyReloading: Reloadable {
    private struct State {
        var fingerprint: [String]
        var ring: KeyRing
        var nextChangeSeconds: Int64?
    }

    let name = "tokens.key_directory"
    private let directory: SigningKeyDirectory
    private let trust: TrustStore
    private let issuer: Int
    private let sessions: SessionService
    private let nowSeconds: @Sendable () -> Int64
    private let logger: Logger
    private let auditLogger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - directory: the folder.
    ///   - trust: where the keys that verify are put in force.
    ///   - issuer: the gateway's own place there.
    ///   - sessions: what signs.
    ///   - nowSeconds: the wall clock.
    ///   - logger: for what could not be done.
    ///   - auditLogger: for keys that were told to take over.
    /// - Throws: `SigningKeyError` when the keys cannot be read.
    init(
        directory: SigningKeyDirectory, trust: TrustStore, issuer: Int, sessions: SessionService,
        nowSeconds: @escaping @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970) }, logger: Logger,
        auditLogger: Logger
    ) throws(SigningKeyError) {
        self.directory = directory
        self.trust = trust
        self.issuer = issuer
        self.sessions = sessions
        self.nowSeconds = nowSeconds
        self.logger = logger
        self.auditLogger = auditLogger
        let fingerprint = directory.fingerprint()
        let ring = try directory.load()
        let keys = ring.keys(atSeconds: nowSeconds())
        state = Mutex(State(fingerprint: fingerprint, ring: ring, nextChangeSeconds: keys.nextChangeSeconds))
    }

    func hasChanged() -> Bool {
        maintain()
        let fingerprint = directory.fingerprint()
        let now = nowSeconds()
        return state.withLock { $0.fingerprint != fingerprint || now >= $0.nextChangeSeconds ?? .max }
    }

    func reload() throws(ReloadFailure) -> [String: String] {
        // Taken before reading: a change in between is seen the next time.
        let fingerprint = directory.fingerprint()
        let isSame = state.withLock { state in
            defer { state.fingerprint = fingerprint }
            return state.fingerprint == fingerprint
        }
        var ring = state.withLock(\.ring)
        if !isSame {
            do throws(SigningKeyError) {
                ring = try directory.load()
            } catch {
                throw ReloadFailure(problems: [error.description])
            }
        }
        let keys = ring.keys(atSeconds: nowSeconds())
        do {
            // What verifies comes before what signs, so that no token is ahead of its key.
            try trust.publish(keys.verificationKeys, ofIssuer: issuer)
            try sessions.use(keys)
        } catch {
            throw ReloadFailure(problems: ["the keys cannot be used"])
        }
        state.withLock { state in
            state.ring = ring
            state.nextChangeSeconds = keys.nextChangeSeconds
        }
        return [
            "signs": keys.signer.keyID,
            "verify": keys.verificationKeys.keys.compactMap(\.keyID).joined(separator: " "),
        ]
    }

    private func maintain() {
        guard directory.timing.rotateEverySeconds != nil else { return }
        do throws(SigningKeyError) {
            for key in try directory.maintain(nowSeconds: nowSeconds()) {
                auditLogger.notice(
                    "key rotation",
                    metadata: ["key": "\(key.keyID)", "takes_over_at": "\(key.activatesSeconds ?? 0)"])
            }
        } catch {
            logger.error("keys are due and cannot be exchanged", metadata: ["problem": "\(error.description)"])
        }
    }
}

extension AuthenticationSettings {
    /// The gateway's own place among the issuers; `nil` when it issues nothing.
    var ownIssuerIndex: Int? { issuers.firstIndex { $0.origin == .own } }
}

extension TrustStore.Snapshot {
    /// The keys of an issuer; none without it.
    func keys(ofIssuer index: Int?) -> JSONWebKeySet {
        guard let index, issuers.indices.contains(index) else { return .unknown }
        return issuers[index].keys
    }
}

extension Gateway {
    /// Where the signing keys are; `nil` when they stand in the configuration or nothing is issued.
    var keyDirectory: SigningKeyDirectory? {
        configuration.tokens.flatMap {
            SigningKeySource($0, leewaySeconds: configuration.leewaySeconds, configurationPath: configurationPath)
                .directory
        }
    }

    /// Has signing keys taken up when their folder changes or their time has come.
    func watchKeys(
        _ issuer: Int?, _ trust: TrustStore, _ sessions: SessionService?, _ running: RunningGateway
    ) async throws(GatewayError) {
        guard let issuer, let sessions, let directory = keyDirectory else { return }
        let reloading: SigningKeyReloading
        do throws(SigningKeyError) {
            reloading = try SigningKeyReloading(
                directory: directory, trust: trust, issuer: issuer, sessions: sessions, logger: logger,
                auditLogger: auditLogger)
        } catch {
            throw GatewayError(.configuration, error.description)
        }
        // Looked at more often than certificates: until every node has heard of a leaked key, it is good somewhere.
        let keyReloader = Reloader(interval: .seconds(1), logger: logger)
        keyReloader.add(reloading)
        // For SIGHUP.
        reloader.add(reloading)
        running.add(keyReloader)
        await keyReloader.start()
    }
}
