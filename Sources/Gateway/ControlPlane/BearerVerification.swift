import Foundation
import HTTPTypes
import Hummingbird
import JOSE
import Proxy
import Revocation
import Synchronization

/// Verifies access tokens for the control plane.
///
/// It has a verifier of its own behind a lock; the data path's belong to their event loops.
final class BearerVerification: Sendable {
    private struct State {
        var settings: AuthenticationSettings
        var list: UInt64
        var verifier: TokenVerifier
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - settings: what is known of the issuers.
    ///   - trust: the keys in force.
    ///   - clock: milliseconds since 1970.
    /// - Throws: `JOSEError` when a key cannot be used.
    init(
        settings: AuthenticationSettings, trust: TrustStore, clock: @escaping @Sendable () -> Int64
    ) throws(JOSEError) {
        self.clock = clock
        let current = trust.current
        state = Mutex(State(settings: settings, list: current.list, verifier: try current.makeVerifier()))
        trust.subscribe { [weak self] snapshot in
            self?.state.withLock { state in
                guard snapshot.list == state.list else { return }
                state.verifier = Self.verifier(snapshot)
            }
        }
    }

    /// Goes by the settings of another configuration.
    func adopt(_ settings: AuthenticationSettings, trust: TrustStore) {
        var current: TrustStore.Snapshot
        repeat {
            current = trust.current
            state.withLock { [current] in
                $0 = State(settings: settings, list: current.list, verifier: Self.verifier(current))
            }
            // What was published before this took effect was not for the list of issuers before.
        } while trust.current.generation != current.generation
    }

    private static func verifier(_ snapshot: TrustStore.Snapshot) -> TokenVerifier {
        // The store has made one of the same keys before; should it fail here all the same, no token is accepted.
        (try? snapshot.makeVerifier()) ?? TokenVerifier.trustingNobody()
    }

    /// Verifies the request's `Authorization`.
    ///
    /// Whether the token is revoked does not matter here: logging out again is no error.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - isOptional: whether a missing or expired token is as good as none.
    /// - Returns: the verified token, or `nil` where there is none.
    /// - Throws: ``Problem``.
    func verify(_ request: Request, isOptional: Bool) throws -> VerifiedToken? {
        let values = request.headers[values: .authorization]
        let keyCount = request.headers.count { $0.name.canonicalName == "x-api-key" }
        guard values.count + keyCount <= 1 else { throw Problem.malformedCredential }
        guard let value = values.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.first?.lowercased() == "bearer" else {
            if isOptional { return nil }
            throw Problem.noCredential
        }
        guard parts.count == 2 else { throw Problem.malformedCredential }
        do throws(TokenRejection) {
            return try verify(String(parts[1].trimmingPrefix(while: { $0 == " " })))
        } catch {
            if isOptional, error == .expired { return nil }
            throw Problem(error)
        }
    }

    /// Verifies a token by itself.
    func verify(_ token: String) throws(TokenRejection) -> VerifiedToken {
        let now = clock() / 1000
        return try state.withLock { state throws(TokenRejection) in
            try state.verifier.verify(token, nowSeconds: now)
        }
    }

    /// Whose tokens have this `iss`; `nil` for an issuer that is not configured.
    func origin(ofIssuer name: String) -> TokenOrigin? {
        state.withLock(\.settings).issuers.first { $0.trusted.issuer == name }?.origin
    }

    /// Whose token it is.
    func origin(of token: VerifiedToken) -> TokenOrigin {
        state.withLock(\.settings).origin(of: token)
    }
}
