import GRDB

extension CredentialError {
    /// Runs a database operation and gives its errors the target's shape.
    ///
    /// - Parameter operation: What to do; `CredentialError`s pass through unchanged.
    /// - Returns: What the operation returns.
    /// - Throws: `integrityViolation` when a rule of the schema is broken, else `unavailable`.
    static func translating<Value>(_ operation: () throws -> Value) throws(CredentialError) -> Value {
        do {
            return try operation()
        } catch let error as CredentialError {
            throw error
        } catch let error as DatabaseError {
            // The message only: SQL and its arguments stay out of it.
            let detail = error.message ?? ""
            if error.resultCode == .SQLITE_CONSTRAINT {
                throw CredentialError(.integrityViolation, detail: detail)
            }
            throw CredentialError(.unavailable(StoreFault(error.resultCode)), detail: detail)
        } catch {
            throw CredentialError(.unavailable(.other))
        }
    }
}

extension StoreFault {
    /// The fault behind a result code of SQLite (sqlite.org/rescode.html).
    fileprivate init(_ code: ResultCode) {
        switch code.primaryResultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: self = .busy
        case .SQLITE_READONLY: self = .readOnly
        case .SQLITE_FULL: self = .full
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self = .cannotOpen
        case .SQLITE_NOTADB: self = .notADatabase
        case .SQLITE_CORRUPT: self = .damaged
        case .SQLITE_IOERR: self = .inputOutput
        default: self = .other
        }
    }
}
