import NIOCore
import Synchronization

/// The primary of the moment, shared by the connections that follow it and the monitor that finds it.
final class PrimaryDirectory: Sendable {
    /// Why a connection asks for the primary to be looked for.
    enum Doubt: Sendable {
        /// The connection was lost, or the server is none that takes writes.
        case lost
        /// The server named another one.
        case moved(to: RedisEndpoint)
    }

    private struct State {
        var primary: RedisEndpoint?
        var followers: [ObjectIdentifier: NIOLoopBound<RedisConnection>] = [:]
        var listener: (@Sendable (Doubt) -> Void)?
    }

    private let state = Mutex(State())

    /// The primary, when one is known.
    var primary: RedisEndpoint? { state.withLock { $0.primary } }

    /// Tells a connection of each primary to come, until it leaves.
    /// - Returns: The present one.
    func follow(_ connection: RedisConnection, on eventLoop: any EventLoop) -> RedisEndpoint? {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        return state.withLock { state in
            state.followers[ObjectIdentifier(connection)] = bound
            return state.primary
        }
    }

    /// Tells a connection nothing more.
    func leave(_ connection: RedisConnection) {
        state.withLock { _ = $0.followers.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// There is another primary.
    func changed(to primary: RedisEndpoint) {
        let followers = state.withLock { state in
            state.primary = primary
            return Array(state.followers.values)
        }
        for follower in followers {
            follower.eventLoop.execute { follower.value.retarget(to: primary) }
        }
    }

    /// Whom doubts are told.
    func listen(_ listener: (@Sendable (Doubt) -> Void)?) {
        state.withLock { $0.listener = listener }
    }

    /// A connection doubts that its server is the primary.
    func doubt(_ doubt: Doubt) {
        let listener = state.withLock { $0.listener }
        listener?(doubt)
    }
}
