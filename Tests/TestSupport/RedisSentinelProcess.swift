import Foundation
import Synchronization

/// A real sentinel for a test, on a free loopback port; it watches one primary by the name `mymaster` and is killed when
/// the last reference goes.
package final class RedisSentinelProcess: Sendable {
    /// The port it listens on.
    package let port: Int
    /// The port it listens on with TLS, when it does.
    package let encryptedPort: Int?
    private let folder: URL
    private let password: String?
    private let process: Mutex<ChildProcess?>

    /// Starts a sentinel.
    /// - Parameters:
    ///   - primaryPort: The primary's; that with TLS when there is encryption.
    ///   - quorum: How many sentinels must find it down.
    ///   - password: What clients, and other sentinels, must authenticate with.
    ///   - encryption: How it listens with TLS and speaks it to the others, if it does.
    /// - Throws: When it cannot be started.
    package init(
        primaryPort: Int, quorum: Int = 2, password: String? = nil, encryption: RedisEncryption? = nil
    ) throws {
        port = try RedisServerProcess.freePort()
        encryptedPort = try encryption.map { _ in try RedisServerProcess.freePort() }
        self.password = password
        folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-sentinel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var lines = [
            "port \(port)", "bind 127.0.0.1", "dir \(folder.path)",
            "sentinel monitor mymaster 127.0.0.1 \(primaryPort) \(quorum)",
            "sentinel down-after-milliseconds mymaster 500", "sentinel failover-timeout mymaster 3000",
        ]
        if let password { lines += ["requirepass \(password)", "sentinel sentinel-pass \(password)"] }
        if let encryption, let encryptedPort {
            lines += encryption.settings(port: encryptedPort).map { "\($0.name) \($0.value)" }
        }
        let file = folder.appending(path: "sentinel.conf")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        process = Mutex(try ChildProcess([RedisServerProcess.program, file.path, "--sentinel"]))
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Kills it, as `SIGKILL` does.
    package func kill() {
        process.withLock { process in
            process?.signal(SIGKILL)
            process?.wait()
            process = nil
        }
    }

    /// Runs one command by `redis-cli` and returns what that prints.
    package func command(_ arguments: String...) throws -> String {
        var line = ["redis-cli", "-h", "127.0.0.1", "-p", String(port)]
        if let password { line += ["--no-auth-warning", "-a", password] }
        return try ChildProcess.output(of: line + arguments)
    }

    /// The port of whom it holds for the primary.
    package func primaryPort() throws -> Int? {
        let lines = try command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster").split(whereSeparator: \.isNewline)
        return lines.count == 2 ? Int(lines[1]) : nil
    }

    /// How many replicas and other sentinels it knows.
    package func known() throws -> (replicas: Int, sentinels: Int) {
        let lines = try command("SENTINEL", "MASTER", "mymaster").split(whereSeparator: \.isNewline)
        func number(_ name: String) -> Int {
            lines.firstIndex { $0 == name }.flatMap { $0 + 1 < lines.count ? Int(lines[$0 + 1]) : nil } ?? 0
        }
        return (number("num-slaves"), number("num-other-sentinels"))
    }
}
