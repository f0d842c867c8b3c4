import Dispatch
import Synchronization

/// A bounded number of connections, made when they are needed and kept for the next caller.
final class PostgreSQLPool: Sendable {
    /// A connection unused for this long is not trusted any more: what lies between may have forgotten it.
    static let longestIdleTime = Duration.seconds(300)

    private struct State {
        var idle: [PostgreSQLConnection] = []
        var gate = ConnectionGate()
        var isClosed = false
        /// What the last attempt to connect failed of, for those who are not let to try.
        var lastFailure = CredentialError(.unavailable(.unreachable))
    }

    private let settings: PostgreSQLSettings
    private let prepare: @Sendable (PostgreSQLConnection) throws(CredentialError) -> Void
    private let state = Mutex(State())
    // Counts up from 0 as places are free: Dispatch ends a process that lets one go below the value it began with.
    private let places = DispatchSemaphore(value: 0)

    /// Makes an empty pool.
    ///
    /// - Parameters:
    ///   - settings: Where to connect to.
    ///   - prepare: Done to each new connection; what it throws counts as a failure to connect.
    init(
        _ settings: PostgreSQLSettings,
        prepare: @escaping @Sendable (PostgreSQLConnection) throws(CredentialError) -> Void
    ) {
        self.settings = settings
        self.prepare = prepare
        for _ in 0..<max(settings.connectionLimit, 1) { places.signal() }
    }

    /// Lends a connection.
    ///
    /// One that was kept may turn out to be lost. While nothing has been changed by it, another one takes its place.
    ///
    /// - Parameters:
    ///   - opening: A first statement, which changes nothing.
    ///   - isRepeatable: Whether the body may be run again, on another connection.
    ///   - body: Uses the connection, and leaves it without an open transaction.
    /// - Returns: What the body returns.
    /// - Throws: `unavailable`, and what the body throws.
    func withConnection<Value>(
        opening: String?, isRepeatable: Bool,
        _ body: (PostgreSQLConnection) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        guard
            places.wait(timeout: .now() + .milliseconds(Int(clamping: settings.connectTimeoutMilliseconds))) == .success
        else { throw CredentialError(.unavailable(.busy), detail: "all connections are in use") }
        defer { places.signal() }
        if let kept = try takeIdle() {
            var hasOpened = false
            do throws(CredentialError) {
                if let opening { _ = try kept.run(opening) }
                hasOpened = true
                return try use(kept, body)
            } catch {
                guard !kept.isUsable, isRepeatable || !hasOpened else { throw error }
                // The others were made to the same server.
                state.withLock { $0.idle = [] }
            }
        }
        let fresh = try connect()
        if let opening { _ = try fresh.run(opening) }
        return try use(fresh, body)
    }

    /// Closes what is idle now, and the rest when it is given back.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.idle = []
        }
    }

    private func use<Value>(
        _ connection: PostgreSQLConnection, _ body: (PostgreSQLConnection) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        do throws(CredentialError) {
            let value = try body(connection)
            giveBack(connection)
            return value
        } catch {
            connection.rollBack()
            giveBack(connection)
            throw error
        }
    }

    private func takeIdle() throws(CredentialError) -> PostgreSQLConnection? {
        while true {
            let (isClosed, connection) = state.withLock { ($0.isClosed, $0.idle.popLast()) }
            guard !isClosed else { throw CredentialError(.unavailable(.closed)) }
            guard let connection else { return nil }
            if ContinuousClock.now - connection.idleSince < Self.longestIdleTime, !connection.wasEnded {
                return connection
            }
        }
    }

    private func giveBack(_ connection: PostgreSQLConnection) {
        guard connection.isIdle else { return }
        connection.idleSince = .now
        state.withLock { state in
            if !state.isClosed { state.idle.append(connection) }
        }
    }

    private func connect() throws(CredentialError) -> PostgreSQLConnection {
        let refusal: CredentialError? = state.withLock { $0.gate.admit(now: .now) ? nil : $0.lastFailure }
        if let refusal { throw refusal }
        do throws(CredentialError) {
            let connection = try PostgreSQLConnection(settings)
            try prepare(connection)
            state.withLock { $0.gate.succeeded() }
            return connection
        } catch {
            state.withLock { state in
                state.gate.failed(now: .now, jitter: Double.random(in: 0..<1))
                state.lastFailure = error
            }
            throw error
        }
    }
}
