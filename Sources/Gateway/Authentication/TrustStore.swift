import JOSE
import NIOCore
import Synchronization

/// The issuers whose tokens are accepted, with the keys that are in force now.
///
/// Keys come and go while the gateway runs. Whoever verifies has a copy of its own, and is handed the next one where it
/// lives: an event loop takes it up between two requests, without a lock.
final class TrustStore: Sendable {
    /// The issuers at one moment.
    struct Snapshot: Sendable {
        /// Grows with each change.
        let generation: UInt64
        /// Grows when the issuers are others, and not only their keys.
        let list: UInt64
        /// The issuers, in the order of ``AuthenticationSettings/issuers``.
        let issuers: [TrustedIssuer]
        /// How far clocks may differ.
        let leewaySeconds: Int64

        /// A verifier for one event loop or one task at a time.
        ///
        /// - Throws: `JOSEError` when a key cannot be used.
        func makeVerifier() throws(JOSEError) -> TokenVerifier {
            try TokenVerifier(issuers: issuers, leewaySeconds: leewaySeconds)
        }

        /// Why no verifier can be made; found here and not on an event loop.
        fileprivate var failure: JOSEError? {
            do throws(JOSEError) {
                _ = try makeVerifier()
                return nil
            } catch {
                return error
            }
        }
    }

    /// An issuer of another configuration.
    struct Successor {
        /// The place that its keys are published for.
        var place: Int
        /// Its rules, and the keys that are known of it.
        var issuer: TrustedIssuer
        /// Whether the keys in force for that place stay.
        var keepsKeys: Bool
    }

    private struct State {
        var snapshot: Snapshot
        /// What the issuers are called by those who publish their keys.
        var places: [Int]
        var subscribers: [@Sendable (Snapshot) -> Void] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - issuers: the issuers, with the keys known at start.
    ///   - leewaySeconds: how far clocks may differ.
    /// - Throws: `JOSEError` when a key cannot be used.
    init(issuers: [TrustedIssuer], leewaySeconds: Int64) throws(JOSEError) {
        let snapshot = Snapshot(generation: 0, list: 0, issuers: issuers, leewaySeconds: leewaySeconds)
        // So that an unusable key is found now and not on an event loop.
        _ = try snapshot.makeVerifier()
        state = Mutex(State(snapshot: snapshot, places: Array(issuers.indices)))
    }

    /// The issuers now.
    var current: Snapshot { state.withLock { $0.snapshot } }

    /// Puts another key set of one issuer in force; may be called from any thread.
    ///
    /// - Parameters:
    ///   - keys: the whole set.
    ///   - issuer: the issuer's place.
    ///   - algorithms: what its tokens may be signed with from now on; as before when `nil`.
    /// - Throws: `JOSEError` when a key cannot be used, or none fits what the issuer may sign with; then nothing has
    ///   changed.
    func publish(
        _ keys: JSONWebKeySet, ofIssuer issuer: Int, algorithms: Set<SignatureAlgorithm>? = nil
    ) throws(JOSEError) {
        try change(issuer) { trusted throws(JOSEError) in
            trusted.keys = keys
            trusted.algorithms = algorithms ?? trusted.algorithms
            trusted.isAvailable = true
            // With such a set every token would be called bad, which is not what anybody meant to publish.
            guard keys.keys.contains(where: { trusted.algorithms.contains(where: $0.fits) }) else {
                throw JOSEError(.noUsableKey)
            }
        }
    }

    /// Puts an issuer's keys out of force until others are published: nobody knows any more which they are.
    func withdraw(issuer: Int) {
        // A set of no keys can always be used.
        try? change(issuer) { $0.isAvailable = false }
    }

    /// Puts other issuers in force; whoever verifies takes them up together with the settings that know them.
    ///
    /// - Parameter successors: the issuers.
    /// - Throws: `JOSEError` when a key or a rule cannot be used; then nothing has changed.
    func replace(with successors: [Successor]) throws(JOSEError) {
        let failure = state.withLock { state -> JOSEError? in
            let issuers = successors.map { successor in
                var issuer = successor.issuer
                if successor.keepsKeys, let place = state.places.firstIndex(of: successor.place) {
                    issuer.keys = state.snapshot.issuers[place].keys
                    issuer.isAvailable = state.snapshot.issuers[place].isAvailable
                }
                return issuer
            }
            let next = Snapshot(
                generation: state.snapshot.generation + 1, list: state.snapshot.list + 1, issuers: issuers,
                leewaySeconds: state.snapshot.leewaySeconds)
            if let failure = next.failure { return failure }
            state.snapshot = next
            state.places = successors.map(\.place)
            return nil
        }
        if let failure { throw failure }
    }

    private func change(_ issuer: Int, _ body: (inout TrustedIssuer) throws(JOSEError) -> Void) throws(JOSEError) {
        let failure = state.withLock { state -> JOSEError? in
            // Who is gone may still be heard of for a moment.
            guard let issuer = state.places.firstIndex(of: issuer) else { return nil }
            var issuers = state.snapshot.issuers
            do throws(JOSEError) {
                try body(&issuers[issuer])
            } catch {
                return error
            }
            let next = Snapshot(
                generation: state.snapshot.generation + 1, list: state.snapshot.list, issuers: issuers,
                leewaySeconds: state.snapshot.leewaySeconds)
            if let failure = next.failure { return failure }
            state.snapshot = next
            // In here, so that nobody is handed two changes in the wrong order.
            for subscriber in state.subscribers { subscriber(next) }
            return nil
        }
        if let failure { throw failure }
    }

    /// Has every later change handed over.
    ///
    /// - Parameter adopt: called at once with what is in force now, and after each change, in order; must not block, and
    ///   must not call back.
    func subscribe(_ adopt: @escaping @Sendable (Snapshot) -> Void) {
        state.withLock { state in
            state.subscribers.append(adopt)
            adopt(state.snapshot)
        }
    }

    /// Has an event loop's authenticator take up every change, on its loop.
    func subscribe(_ authenticator: LoopAuthenticator, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(authenticator, eventLoop: eventLoop)
        subscribe { snapshot in eventLoop.execute { bound.value.adopt(snapshot) } }
    }
}
