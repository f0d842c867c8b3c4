import Foundation
import Glibc
import Synchronization

/// A real `redis-server` for a test: on a free loopback port, keeping nothing on disk, and killed when the
/// last reference goes.
///
///     let server = try RedisServerProcess(password: "secret")
///     server.pause()                        // SIGSTOP: accepts connections, answers nothing
///     server.resume()                       // SIGCONT
///     server.kill()                         // SIGKILL: the port refuses connections
///     try server.restart()                  // an empty server on the same port
///     try server.command("SET", "k", "v")   // what redis-cli would print
package final class RedisServerProcess: Sendable {
    /// Why a server could not be started.
    package struct StartFailure: Error {
        /// The port it was to listen on.
        package let port: Int
    }

    /// The port it listens on, also after a restart.
    package let port: Int
    /// The path of its Unix domain socket.
    package let socketPath: String
    private let password: String?
    private let additionalArguments: [String]
    private let process: Mutex<ChildProcess?>

    /// Starts a server and waits until it answers.
    /// - Parameters:
    ///   - password: What clients must authenticate with, if anything.
    ///   - arguments: Further arguments of `redis-server`, such as `["--maxmemory", "2mb"]`.
    /// - Throws: When it cannot be started or does not answer within ten seconds.
    package init(password: String? = nil, arguments: [String] = []) throws {
        self.password = password
        additionalArguments = arguments
        var failure: any Error = StartFailure(port: 0)
        // Between choosing a free port and listening on it, another process may take it.
        for _ in 0..<5 {
            let port = try Self.freePort()
            let socketPath = "/tmp/portcullis-test-redis-\(getpid())-\(port).sock"
            do {
                let started = try Self.start(port: port, socketPath: socketPath, password, arguments)
                self.port = port
                self.socketPath = socketPath
                process = Mutex(started)
                return
            } catch {
                unlink(socketPath)
                try? FileManager.default.removeItem(atPath: Self.folder(socketPath))
                failure = error
            }
        }
        throw failure
    }

    deinit {
        kill()
        unlink(socketPath)
        try? FileManager.default.removeItem(atPath: Self.folder(socketPath))
    }

    private static func folder(_ socketPath: String) -> String { socketPath + ".files" }

    /// The identifier of the running process; `nil` after `kill()`.
    package var processIdentifier: Int32? { process.withLock { $0?.identifier } }

    /// Stops it where it stands, as `SIGSTOP` does.
    ///
    /// The kernel goes on accepting connections for it.
    package func pause() {
        process.withLock { $0?.signal(SIGSTOP) }
    }

    /// Lets it go on after `pause()`; it then answers everything it was sent meanwhile.
    package func resume() {
        process.withLock { $0?.signal(SIGCONT) }
    }

    /// Kills it, as `SIGKILL` does, and waits for its end.
    package func kill() {
        process.withLock { process in
            process?.signal(SIGKILL)
            process?.wait()
            process = nil
        }
    }

    /// Kills it if it runs and starts an empty one on the same port.
    package func restart() throws {
        kill()
        let started = try Self.start(port: port, socketPath: socketPath, password, additionalArguments)
        process.withLock { $0 = started }
    }

    /// The server's program: `redis-server`, unless `PORTCULLIS_REDIS_SERVER` names another one, such as a Valkey.
    package static var program: String {
        guard let name = getenv("PORTCULLIS_REDIS_SERVER") else { return "redis-server" }
        return String(cString: name)
    }

    /// Whether the program was built with TLS; when not, that is said.
    package static let speaksTLS: Bool = {
        guard let authority = try? TestAuthority(), let pair = try? authority.issue("probe", names: ["localhost"]),
            let port = try? freePort()
        else { return true }
        // Its files go with the authority. Other settings of TLS are taken by a server without it, too.
        let speaks = withExtendedLifetime(authority) {
            let arguments = [
                "--tls-port", String(port), "--tls-cert-file", pair.certificate, "--tls-key-file", pair.privateKey,
                "--tls-ca-cert-file", authority.root.certificate,
            ]
            return (try? RedisServerProcess(arguments: arguments)) != nil
        }
        if !speaks { print("SKIPPED tests of TLS: \(program) was built without it") }
        return speaks
    }()

    /// Runs one command by `redis-cli` and returns what that prints, less the last line end.
    @discardableResult
    package func command(_ arguments: String...) throws -> String {
        try Self.command(arguments, port: port, password: password)
    }

    private static func command(_ arguments: [String], port: Int, password: String?) throws -> String {
        var line = ["redis-cli", "-h", "127.0.0.1", "-p", String(port)]
        if let password { line += ["--no-auth-warning", "-a", password] }
        var output = try ChildProcess.output(of: line + arguments)
        if output.hasSuffix("\n") { output.removeLast() }
        return output
    }

    private static func start(
        port: Int,
        socketPath: String,
        _ password: String?,
        _ arguments: [String]
    ) throws -> ChildProcess {
        // Of its own: a replica writes what it was sent, and the next server that started there would load it.
        let folder = folder(socketPath)
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var line = [
            program, "--port", String(port), "--bind", "127.0.0.1", "--unixsocket", socketPath,
            "--save", "", "--appendonly", "no", "--dir", folder,
        ]
        if let password { line += ["--requirepass", password] }
        let process = try ChildProcess(line + arguments)
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            // It must be this process that answers, not one that took the port before.
            let answer = try command(["INFO", "server"], port: port, password: password)
            let lines = answer.split(whereSeparator: \.isNewline)
            if lines.contains("process_id:\(process.identifier)") { return process }
            if process.hasExited() { throw StartFailure(port: port) }
            usleep(10_000)
        }
        process.signal(SIGKILL)
        process.wait()
        throw StartFailure(port: port)
    }

    /// A loopback port that nothing listens on at this moment.
    package static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw StartFailure(port: 0) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                bind(descriptor, pointer, length) == 0
            else { return Int32(-1) }
            return getsockname(descriptor, pointer, &length)
        }
        guard result == 0 else { throw StartFailure(port: 0) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
