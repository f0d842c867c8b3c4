import CPostgres
import Glibc

/// A connection to a PostgreSQL server, by libpq; every wait has an end.
///
/// Used by one thread at a time, which the pool sees to, and then handed to another: so it may cross threads unchecked.
final class PostgreSQLConnection: @unchecked Sendable {
    /// How much longer than the server a client waits for a statement, for the server's own word to arrive.
    private static let graceMilliseconds: Int64 = 1000

    /// Whether it can be used again.
    private(set) var isUsable = true

    /// When it was given back last.
    var idleSince = ContinuousClock.now

    private let handle: OpaquePointer
    private let statementTimeoutMilliseconds: Int64

    /// Connects and logs in.
    ///
    /// - Parameter settings: Where to.
    /// - Throws: `unavailable`.
    init(_ settings: PostgreSQLSettings) throws(CredentialError) {
        let deadline = ContinuousClock.now + .milliseconds(settings.connectTimeoutMilliseconds)
        guard let handle = Self.start(settings.parameters) else {
            throw CredentialError(.unavailable(.unreachable), detail: "no memory for a connection")
        }
        self.handle = handle
        statementTimeoutMilliseconds = settings.statementTimeoutMilliseconds
        portcullis_postgres_be_quiet(handle)
        try connect(until: deadline)
        guard PQsetnonblocking(handle, 1) == 0 else { throw lost() }
        try prepareSession()
    }

    deinit {
        PQfinish(handle)
    }

    /// Whether the server has ended it while nobody looked.
    var wasEnded: Bool {
        guard isUsable else { return true }
        // There is something to read only when it says goodbye, or is gone.
        guard Self.wait(for: PQsocket(handle), events: POLLIN, until: .now) else { return false }
        if PQconsumeInput(handle) == 0 || PQstatus(handle) != CONNECTION_OK { isUsable = false }
        return !isUsable
    }

    /// Whether no transaction is open on it.
    var isIdle: Bool { isUsable && PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Runs one statement with parameters.
    ///
    /// - Parameters:
    ///   - statement: A constant.
    ///   - parameters: The values of `$1`, `$2` …
    ///   - limit: How long it may take, where that is not as long as statements usually may.
    /// - Returns: Its result.
    /// - Throws: `integrityViolation`, `unavailable`.
    func run(
        _ statement: String, _ parameters: [SQLValue] = [], withinMilliseconds limit: Int64? = nil
    ) throws(CredentialError) -> PostgreSQLResult {
        try send(statement, parameters)
        return try receive(within: limit ?? statementTimeoutMilliseconds)
    }

    /// Runs several statements without parameters, constants all of them: the steps of a migration.
    ///
    /// - Throws: `unavailable`.
    func runScript(_ statements: String, withinMilliseconds limit: Int64) throws(CredentialError) {
        guard PQsendQuery(handle, statements) == 1 else { throw lost() }
        _ = try receive(within: limit)
    }

    /// Takes back what an open transaction has changed, as far as there is still a server to tell.
    func rollBack() {
        guard isUsable, PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        // A server that cannot even do that forgets the transaction with the connection.
        if (try? run("ROLLBACK")) == nil { isUsable = false }
    }

    // MARK: - Connecting

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        var keywords = parameters.map { UnsafePointer(strdup($0.keyword)) } + [nil]
        var values = parameters.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer {
            for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) }
        }
        return PQconnectStartParams(&keywords, &values, 0)
    }

    private func connect(until deadline: ContinuousClock.Instant) throws(CredentialError) {
        guard PQstatus(handle) != CONNECTION_BAD else { throw lost() }
        var next = PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            guard next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING else { throw lost() }
            // Asked each time: libpq takes another socket for another of several servers.
            let events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard Self.wait(for: PQsocket(handle), events: events, until: deadline) else {
                isUsable = false
                throw CredentialError(.unavailable(.unreachable), detail: "no connection within the time-out")
            }
            next = PQconnectPoll(handle)
        }
    }

    private func prepareSession() throws(CredentialError) {
        guard let encoding = PQparameterStatus(handle, "server_encoding"), String(cString: encoding) == "UTF8" else {
            throw CredentialError(.unavailable(.foreignDatabase), detail: "the database's encoding is not UTF8")
        }
        // Of the session: a role or a database may have other defaults.
        _ = try run(
            """
            SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $2, false),
                set_config('default_transaction_isolation', 'read committed', false)
            """,
            [
                .text("\(statementTimeoutMilliseconds)ms"), .text("\(max(30_000, 2 * statementTimeoutMilliseconds))ms"),
            ])
    }

    // MARK: - Statements

    private func send(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) {
        var texts: [CChar] = []
        var offsets: [Int?] = []
        for parameter in parameters {
            let text: String
            switch parameter {
            case .null:
                offsets.append(nil)
                continue
            case .integer(let number): text = String(number)
            case .text(let value): text = value
            }
            // To libpq a text ends at its first NUL byte: what follows would silently be lost.
            guard !text.utf8.contains(0) else { throw CredentialError(.integrityViolation, detail: "text with NUL") }
            offsets.append(texts.count)
            texts.append(contentsOf: text.utf8.map(CChar.init(bitPattern:)))
            texts.append(0)
        }
        let sent = texts.withUnsafeBufferPointer { buffer in
            let pointers = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } }
            return PQsendQueryParams(handle, statement, CInt(pointers.count), nil, pointers, nil, nil, 0)
        }
        guard sent == 1 else { throw lost() }
    }

    /// Waits for the result of what was sent.
    private func receive(within milliseconds: Int64) throws(CredentialError) -> PostgreSQLResult {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds + Self.graceMilliseconds)
        try flush(until: deadline)
        var outcome: Result<PostgreSQLResult, CredentialError>?
        while true {
            while PQisBusy(handle) == 1 { try awaitInput(POLLIN, until: deadline) }
            guard let result = PQgetResult(handle) else { break }
            defer { PQclear(result) }
            // The first error is the reason of those that follow.
            if case .failure = outcome { continue }
            outcome = Result { () throws(CredentialError) in try PostgreSQLResult(result) }
        }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        do throws(CredentialError) {
            guard let outcome else { throw lost() }
            return try outcome.get()
        } catch {
            if case .unavailable(let fault) = error.code, fault.endsConnection { isUsable = false }
            throw error
        }
    }

    private func flush(until deadline: ContinuousClock.Instant) throws(CredentialError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            // A server that has much to say may want to be read before it goes on reading.
            case 1: try awaitInput(POLLIN | POLLOUT, until: deadline)
            default: throw lost()
            }
        }
    }

    private func awaitInput(_ events: CInt, until deadline: ContinuousClock.Instant) throws(CredentialError) {
        guard Self.wait(for: PQsocket(handle), events: events, until: deadline) else {
            isUsable = false
            throw CredentialError(.unavailable(.timedOut), detail: "no answer within the statement time-out")
        }
        guard PQconsumeInput(handle) == 1 else { throw lost() }
    }

    /// The error of a connection that is of no more use, in libpq's words; those name servers, but no secret.
    private func lost() -> CredentialError {
        isUsable = false
        let words = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let line = words.split(whereSeparator: \.isNewline).joined(separator: "; ").prefix(300)
        return CredentialError(.unavailable(.unreachable), detail: String(line))
    }

    private static func wait(for descriptor: CInt, events: CInt, until deadline: ContinuousClock.Instant) -> Bool {
        guard descriptor >= 0 else { return false }
        while true {
            let left = max(.zero, deadline - .now)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            // Rounded up, so that it does not turn round and round in the last millisecond.
            let timeout = left == .zero ? 0 : CInt(clamping: milliseconds + 1)
            var request = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
            let count = poll(&request, 1, timeout)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { return false }
        }
    }
}
