import Foundation
import GatewayConfiguration

/// Whether files with secrets are kept from other users of the machine.
enum FileExamination {
    private static let check = "files"

    /// - Parameters:
    ///   - configuration: has the secrets, and names the files of keys.
    ///   - files: the files that were read for it: itself, and those that `${file:…}` names.
    /// - Returns: what was found.
    static func findings(_ configuration: Configuration, files: [String]) -> [Finding] {
        let secrets = secrets(of: configuration)
        let withSecrets = files.filter { file in
            let bytes = FileManager.default.contents(atPath: file) ?? Data()
            return secrets.contains { bytes.range(of: Data($0.utf8)) != nil }
        }
        let keys = privateKeys(of: configuration).filter { !withSecrets.contains($0) }
        var findings = (withSecrets + keys).compactMap { exposure(of: $0) }
        for file in files where isWritableByAll(file) {
            findings.append(Finding(.problem, check, "\(file) can be changed by everybody here; run chmod o-w \(file)"))
        }
        guard findings.isEmpty else { return findings }
        let count = withSecrets.count + keys.count
        let text =
            count == 0
            ? "the configuration and what it names hold no secret, and not everybody can change them"
            : "files with secrets or keys, kept from others: \(count)"
        return [Finding(.ok, check, text)]
    }

    private static func exposure(of file: String) -> Finding? {
        // One that is not there is told by who wants to read it.
        guard let mode = mode(of: file), mode & 0o004 != 0 else { return nil }
        return Finding(
            .problem, check, "\(file) has a secret, and everybody here can read it; run chmod o-rwx \(file)")
    }

    private static func isWritableByAll(_ file: String) -> Bool {
        mode(of: file).map { $0 & 0o002 != 0 } ?? false
    }

    /// The permissions of a file, or of what a link leads to.
    private static func mode(of file: String) -> Int? {
        let path = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.posixPermissions] as? NSNumber)?.intValue
    }

    private static func secrets(of configuration: Configuration) -> [String] {
        var secrets = [
            configuration.listeners.adminToken, configuration.redis?.login?.password,
            configuration.redis?.sentinelLogin?.password,
        ].compactMap(\.self)
        secrets += (configuration.tokens?.signingKeys ?? []) + (configuration.tokens?.refreshKeys ?? [])
        if case .postgreSQL(let settings)? = configuration.credentials?.database, let password = settings.password {
            secrets.append(password)
        }
        // The shortest ones would be found by accident.
        return secrets.map { $0.exposed.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { $0.count >= 4 }
    }

    private static func privateKeys(of configuration: Configuration) -> [String] {
        var files = configuration.listeners.publicListeners.flatMap { listener in
            listener.tls?.certificates.map(\.privateKeyFile) ?? []
        }
        files += configuration.upstreams.compactMap { $0.tls?.privateKeyFile }
        if let file = configuration.redis?.tls?.privateKeyFile { files.append(file) }
        if case .postgreSQL(let settings)? = configuration.credentials?.database, let file = settings.privateKeyFile {
            files.append(file)
        }
        return files
    }
}
