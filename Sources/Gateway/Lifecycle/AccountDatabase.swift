package import Credentials
import Foundation
package import GatewayConfiguration

/// Opens the database that a configuration names.
package enum AccountDatabase {
    /// Opens the database; PostgreSQL is not connected to before it is needed.
    ///
    /// - Parameters:
    ///   - database: what the configuration says.
    ///   - createsIfAbsent: whether to make an SQLite file where there is none.
    /// - Returns: the database, which must be closed.
    /// - Throws: `unavailable` with the fault.
    package static func open(
        _ database: Configuration.CredentialDatabase, createsIfAbsent: Bool = false
    ) throws(CredentialError) -> any SQLDatabase {
        switch database {
        case .file(let path):
            var settings = SQLiteDatabase.Settings()
            settings.createsIfAbsent = createsIfAbsent
            return try SQLiteDatabase(path: path, settings: settings)
        case .postgreSQL(let configuration):
            return PostgreSQLDatabase(PostgreSQLSettings(configuration))
        }
    }

    /// Looks at the database without changing it.
    ///
    /// - Parameter database: what the configuration says.
    /// - Returns: what is in it.
    /// - Throws: `unavailable` with the fault.
    package static func inspect(
        _ database: Configuration.CredentialDatabase
    ) throws(CredentialError) -> StoreReport {
        switch database {
        case .file(let path): try SQLiteDatabase.inspect(path: path)
        case .postgreSQL(let configuration): try PostgreSQLDatabase.inspect(PostgreSQLSettings(configuration))
        }
    }
}

extension PostgreSQLSettings {
    /// Where Debian and Fedora, and those that follow them, keep the authorities that the system trusts.
    private static let systemAuthorities = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    ]

    init(_ configuration: Configuration.PostgreSQL) {
        self.init(
            hosts: configuration.hosts.map { Host(name: $0.name, port: $0.port) }, user: configuration.user,
            password: configuration.password?.exposed, database: configuration.database,
            tlsMode: TLSMode(rawValue: configuration.tlsMode.rawValue) ?? .verifyFull)
        rootCertificateFile = configuration.authoritiesFile
        if rootCertificateFile == nil, tlsMode == .verifyFull || tlsMode == .verifyAuthority {
            rootCertificateFile = Self.systemAuthorities.first { FileManager.default.fileExists(atPath: $0) }
        }
        if let certificate = configuration.certificateFile, let key = configuration.privateKeyFile {
            clientCertificate = (certificate, key)
        }
        connectionLimit = configuration.connectionLimit
        connectTimeoutMilliseconds = configuration.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = configuration.statementTimeoutMilliseconds
    }
}
