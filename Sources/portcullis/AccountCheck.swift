import Credentials
import Gateway
import GatewayConfiguration

/// What `check` finds out about the accounts, without changing anything.
enum AccountCheck {
    /// What came of it.
    private enum Outcome {
        /// There is nothing to look at.
        case none
        case well(String)
        /// The database has not been made yet.
        case absent(String)
        /// It may be there again later.
        case away(String)
        /// It stays wrong until somebody mends it.
        case wrong(String)
    }

    /// Looks at the database and the deny-list of passwords.
    ///
    /// - Parameters:
    ///   - configuration: what the file says.
    ///   - path: the file, named in advice.
    /// - Returns: what an operator may want to know.
    /// - Throws: ``CommandFailure`` for what stays wrong until somebody mends it.
    static func remarks(on configuration: Configuration, path: String) throws -> [String] {
        switch outcome(configuration, path: path) {
        case .none: return []
        case .well(let text): return [text]
        case .absent(let text): return ["to do before serve: \(text)"]
        case .away(let text): return ["not checked: \(text)"]
        case .wrong(let text): throw CommandFailure(.configuration, "portcullis: \(text)")
        }
    }

    /// The same for `doctor`, for which everything that keeps people from logging in is a problem.
    static func findings(on configuration: Configuration, path: String) -> [Finding] {
        switch outcome(configuration, path: path) {
        case .none: []
        case .well(let text): [Finding(.ok, "accounts", text)]
        case .absent(let text), .away(let text), .wrong(let text): [Finding(.problem, "accounts", text)]
        }
    }

    private static func outcome(_ configuration: Configuration, path: String) -> Outcome {
        do throws(CredentialError) {
            _ = try PasswordDenyList(path: configuration.login.passwordDenyListFile)
            guard let credentials = configuration.credentials else { return .none }
            return .well(describe(try AccountDatabase.inspect(credentials.database)))
        } catch {
            let text = CredentialAdvice.text(for: error)
            guard case .unavailable(let fault) = error.code else { return .wrong(text) }
            if fault == .absent, case .file(let file)? = configuration.credentials?.database {
                return .absent("make \(file) with: portcullis user add NAME --config \(path)")
            }
            return fault.mayPass ? .away(text) : .wrong(text)
        }
    }

    private static func describe(_ report: StoreReport) -> String {
        if let count = report.userCount {
            return "accounts: \(count), all readable, tables of version \(report.version)"
        }
        return
            "accounts: tables of version \(report.version) will be brought to version \(report.newestVersion) at start"
    }
}
