import Credentials
import Gateway
import GatewayConfiguration

/// What `check` finds out about the accounts, without changing anything.
enum AccountCheck {
    /// Looks at the database and the deny-list of passwords.
    ///
    /// - Parameters:
    ///   - configuration: what the file says.
    ///   - path: the file, named in advice.
    /// - Returns: what an operator may want to know.
    /// - Throws: ``CommandFailure`` for what stays wrong until somebody mends it.
    static func remarks(on configuration: Configuration, path: String) throws -> [String] {
        do throws(CredentialError) {
            _ = try PasswordDenyList(path: configuration.login.passwordDenyListFile)
            guard let credentials = configuration.credentials else { return [] }
            return [describe(try AccountDatabase.inspect(credentials.database))]
        } catch {
            guard case .unavailable(let fault) = error.code else {
                throw CommandFailure(.configuration, "portcullis: \(CredentialAdvice.text(for: error))")
            }
            if fault == .absent, case .file(let file)? = configuration.credentials?.database {
                return ["to do before serve: make \(file) with: portcullis user add NAME --config \(path)"]
            }
            guard fault.mayPass else {
                throw CommandFailure(.configuration, "portcullis: \(CredentialAdvice.text(for: error))")
            }
            return ["not checked: \(CredentialAdvice.text(for: error))"]
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
