package import Foundation

/// A certificate authority for tests, by the `openssl` command; everything it makes goes with it.
package final class TestAuthority: Sendable {
    /// A certificate and its key.
    package struct Pair: Sendable {
        /// The path of the certificate, in PEM form.
        package let certificate: String
        /// The path of its key, in PEM form.
        package let privateKey: String

        /// Names two files.
        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// What `openssl` did not make.
    package struct Failure: Error {
        let file: String
    }

    /// The folder of all files.
    package let folder: URL
    /// The authority's own.
    package let root: Pair

    /// Makes an authority with a key of its own.
    package init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("portcullis-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("[req]\ndistinguished_name=dn\n[dn]\n".utf8).write(to: folder.appendingPathComponent("openssl.cnf"))
        root = try Self.make(
            "root", in: folder,
            [
                "-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ])
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Issues a certificate.
    /// - Parameters:
    ///   - name: of the files and the subject.
    ///   - names: the DNS names it is for.
    ///   - addresses: the IP addresses it is for.
    ///   - usage: `serverAuth`, `clientAuth`, or both with a comma.
    /// - Returns: its files.
    /// - Throws: when `openssl` fails.
    package func issue(
        _ name: String, names: [String], addresses: [String] = [], usage: String = "serverAuth"
    ) throws -> Pair {
        var options = [
            "-CA", root.certificate, "-CAkey", root.privateKey, "-subj", "/CN=\(name)", "-addext",
            "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=\(usage)",
        ]
        let subjects = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        if !subjects.isEmpty { options += ["-addext", "subjectAltName=\(subjects.joined(separator: ","))"] }
        return try Self.make(name, in: folder, options)
    }

    /// Issues a certificate for a server that was good until yesterday.
    /// - Parameters:
    ///   - name: of the files and the subject.
    ///   - names: the DNS names it is for.
    /// - Returns: its files.
    /// - Throws: when `openssl` fails.
    package func issueExpired(_ name: String, names: [String]) throws -> Pair {
        let pair = try issue(name, names: names)
        let request = folder.appendingPathComponent("\(name).csr").path
        let extensions = folder.appendingPathComponent("\(name).ext")
        let list = names.map { "DNS:\($0)" }.joined(separator: ",")
        try Data("subjectAltName=\(list)\nextendedKeyUsage=serverAuth\n".utf8).write(to: extensions)
        _ = try Self.run(["openssl", "req", "-new", "-key", pair.privateKey, "-subj", "/CN=\(name)", "-out", request])
        _ = try Self.run([
            "openssl", "x509", "-req", "-in", request, "-CA", root.certificate, "-CAkey", root.privateKey,
            "-CAcreateserial", "-days", "-1", "-extfile", extensions.path, "-out", pair.certificate,
        ])
        return pair
    }

    private static func make(_ name: String, in folder: URL, _ options: [String]) throws -> Pair {
        let pair = Pair(
            certificate: folder.appendingPathComponent("\(name).crt").path,
            privateKey: folder.appendingPathComponent("\(name).key").path)
        _ = try ChildProcess.output(
            of: [
                "openssl", "req", "-x509", "-config", folder.appendingPathComponent("openssl.cnf").path, "-newkey",
                "ec",
                "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-keyout", pair.privateKey, "-out",
                pair.certificate,
            ] + options)
        for file in [pair.certificate, pair.privateKey] where !FileManager.default.fileExists(atPath: file) {
            throw Failure(file: file)
        }
        return pair
    }

    /// Runs a program to its end.
    /// - Returns: what it wrote to standard output.
    package static func run(_ arguments: [String]) throws -> String {
        try ChildProcess.output(of: arguments)
    }
}
