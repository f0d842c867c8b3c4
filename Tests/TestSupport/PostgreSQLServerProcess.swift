import Foundation
import Glibc
import Synchronization

/// A real PostgreSQL server for tests: on a free loopback port, below a temporary directory, gone at the end.
///
///     let server = try PostgreSQLServerProcess()
///     let database = try server.makeDatabase()
///     server.stop()                                 // as pg_ctl stop: clients are cut off
///     server.kill()                                 // SIGQUIT: it has to recover afterwards
///     try server.start()                            // the same data on the same port
///     try server.run("SELECT 1", in: database)      // what psql would print
///
/// PostgreSQL does not run as root; it runs as `nobody` then.
package final class PostgreSQLServerProcess: Sendable {
    /// Why a server could not be started.
    package struct StartFailure: Error {
        /// What failed.
        package let reason: String
    }

    /// The one that tests share; each takes a database of its own in it.
    package static let shared = Result { try PostgreSQLServerProcess(endsWithProcess: true) }

    /// The role that owns everything.
    package static let user = "portcullis"
    /// Its password.
    package static let password = "p%w'd\\ \"x"

    /// The port it listens on, also after a restart.
    package let port: Int
    /// The folder of its Unix socket.
    package let socketFolder: String

    private let folder: String
    private let process = Mutex<ChildProcess?>(nil)
    private let databaseCount = Mutex(0)

    /// Makes a server and starts it.
    /// - Parameters:
    ///   - tls: its certificate; connections without TLS are refused then.
    ///   - endsWithProcess: whether it lives as long as this process, which ends it.
    /// - Throws: when it cannot be started.
    package init(tls: TestAuthority.Pair? = nil, endsWithProcess: Bool = false) throws {
        folder = try Self.makeFolder()
        socketFolder = folder
        port = try RedisServerProcess.freePort()
        do {
            try Self.template.get().copy(to: folder + "/data")
            try configure(tls)
            try start()
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        if endsWithProcess {
            Self.endsAtExit.withLock { $0.append(self) }
        }
    }

    deinit {
        end()
    }

    private func end() {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Makes an empty database.
    /// - Parameter encoding: its encoding.
    /// - Returns: its name.
    /// - Throws: when `psql` cannot be started.
    package func makeDatabase(encoding: String = "UTF8") throws -> String {
        let number = databaseCount.withLock { count in
            count += 1
            return count
        }
        let name = "test\(number)"
        try run("CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)'", in: "postgres")
        return name
    }

    /// Runs SQL by `psql`.
    /// - Parameters:
    ///   - statement: the SQL.
    ///   - database: where.
    /// - Returns: what it prints, without headers, less the last line end.
    /// - Throws: when `psql` cannot be started.
    @discardableResult
    package func run(_ statement: String, in database: String) throws -> String {
        // Through the socket, whose clients are trusted.
        let output = try ChildProcess.output(of: [
            Self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", String(port),
            "-U", Self.user, "-d", database, "-c", statement,
        ])
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// Starts it again.
    /// - Throws: ``StartFailure``.
    package func start() throws {
        let line = [Self.program("postgres"), "-D", folder + "/data", "-p", String(port)]
        let started = try ChildProcess(Self.unprivileged(line))
        process.withLock { $0 = started }
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if try run("SELECT 1", in: "postgres") == "1" { return }
            if started.hasExited() { break }
            usleep(20_000)
        }
        kill()
        throw StartFailure(reason: "no answer from postgres")
    }

    /// Stops it in order, cutting off its clients.
    package func stop() {
        finish(SIGINT)
    }

    /// Stops it at once; nothing is written any more.
    package func kill() {
        finish(SIGQUIT)
    }

    private func finish(_ signal: Int32) {
        process.withLock { process in
            process?.signal(signal)
            process?.wait()
            process = nil
        }
    }

    private func configure(_ tls: TestAuthority.Pair?) throws {
        let data = folder + "/data"
        var settings = """
            listen_addresses = '127.0.0.1'
            unix_socket_directories = '\(folder)'
            fsync = off
            full_page_writes = off
            max_connections = 100
            shared_buffers = 16MB

            """
        if let tls {
            settings += "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
            for (source, name) in [(tls.certificate, "server.crt"), (tls.privateKey, "server.key")] {
                try FileManager.default.copyItem(atPath: source, toPath: "\(data)/\(name)")
                Glibc.chmod("\(data)/\(name)", 0o600)
                Self.giveAway("\(data)/\(name)")
            }
        }
        try Data(settings.utf8).write(to: URL(fileURLWithPath: data + "/postgresql.conf"))
        let kind = tls == nil ? "host" : "hostssl"
        let access = "local all all trust\n\(kind) all all 127.0.0.1/32 scram-sha-256\n"
        try Data(access.utf8).write(to: URL(fileURLWithPath: data + "/pg_hba.conf"))
    }

    // MARK: - What all servers have in common

    private static let endsAtExit = Mutex<[PostgreSQLServerProcess]>([])

    /// Makes the data directory that servers begin with; `initdb` takes a second, copying does not.
    private final class Template: Sendable {
        private let folder: String

        init() throws {
            folder = try PostgreSQLServerProcess.makeFolder()
            let passwordFile = folder + "/password"
            try Data(PostgreSQLServerProcess.password.utf8).write(to: URL(fileURLWithPath: passwordFile))
            PostgreSQLServerProcess.giveAway(passwordFile)
            _ = try ChildProcess.output(
                of: PostgreSQLServerProcess.unprivileged([
                    PostgreSQLServerProcess.program("initdb"), "-D", folder + "/data", "--no-sync", "--no-instructions",
                    "--username=\(PostgreSQLServerProcess.user)", "--pwfile=\(passwordFile)", "--auth=scram-sha-256",
                    "--encoding=UTF8", "--locale=C.UTF-8",
                ]))
            guard FileManager.default.fileExists(atPath: folder + "/data/PG_VERSION") else {
                throw StartFailure(reason: "initdb made no data directory")
            }
            atexit {
                for server in PostgreSQLServerProcess.endsAtExit.withLock({ $0 }) { server.end() }
                try? PostgreSQLServerProcess.template.get().remove()
            }
        }

        func copy(to path: String) throws {
            _ = try ChildProcess.output(of: ["cp", "-a", folder + "/data", path])
        }

        func remove() {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private static let template = Result { try Template() }

    /// A folder that the server's user owns; short, as the path of a socket has to be.
    private static func makeFolder() throws -> String {
        let folder = "/tmp/portcullis-pg-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        giveAway(folder)
        return folder
    }

    private static let nobody: uid_t = 65534

    private static func giveAway(_ path: String) {
        if geteuid() == 0 { chown(path, nobody, nobody) }
    }

    private static func unprivileged(_ line: [String]) -> [String] {
        guard geteuid() == 0 else { return line }
        return ["setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", "--"] + line
    }

    /// The newest of what Debian keeps by version, else what is on the path.
    private static func program(_ name: String) -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        let candidates = versions.sorted(by: >).map { "\(root)/\($0)/bin/\(name)" }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }
}
