extension CredentialError {
    /// What an error of PostgreSQL means.
    ///
    /// - Parameters:
    ///   - state: Its SQLSTATE (appendix A of PostgreSQL's manual).
    ///   - message: The server's words, less what quotes a row.
    init(sqlState state: String, message: String) {
        if state.hasPrefix("23") {
            self.init(.integrityViolation, detail: message)
        } else {
            self.init(.unavailable(StoreFault(sqlState: state)), detail: message)
        }
    }
}

extension StoreFault {
    fileprivate init(sqlState state: String) {
        self =
            switch state {
            case "57014": .timedOut
            // A lock not to be had, a deadlock, a conflict between transactions, too many connections.
            case "55P03", "40P01", "40001", "53300": .busy
            case "25006": .readOnly
            case "53100": .full
            case "42501", "3F000": .cannotOpen
            case "42P01", "42703": .foreignDatabase
            case "XX001", "XX002": .damaged
            case "58030": .inputOutput
            // The server is being stopped or started, or cut this connection.
            case "57P01", "57P02", "57P03", "57P05", "25P03": .unreachable
            default: state.hasPrefix("08") ? .unreachable : .other
            }
    }

    /// Whether a connection on which this happened is of no more use: another one may lead to a server that is well.
    var endsConnection: Bool {
        switch self {
        case .unreachable, .readOnly, .timedOut, .inputOutput: true
        default: false
        }
    }
}
