import Foundation
import GatewayConfiguration
import JOSE
import Logging
import NIOCore
import Proxy
import Sessions
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// A gateway started from the text of a configuration, with a Redis and a backend of its own.
final class GatewayFixture: Sendable {
    let folder: TemporaryFolder
    let redisServer: RedisServerProcess?
    let backend: RecordingBackend
    private let running: RunningGateway
    let issuer: ForeignIssuer
    private let output: AccessLogWriter
    private let log: FileHandle

    /// Runs a test body with a gateway that ends with it.
    ///
    /// What the gateway logged is searched for secrets.
    static func with(
        _ settings: GatewaySettings = GatewaySettings(), redisIsUp: Bool = true,
        _ body: (GatewayFixture) async throws -> Void
    ) async throws {
        let fixture = try await GatewayFixture(settings, redisIsUp: redisIsUp)
        do {
            try await body(fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    /// Runs a test body with two gateways that share a Redis and their keys; `tokens` are members of that section.
    static func withTwoNodes(
        issuing tokens: String, _ body: (GatewayFixture, GatewayFixture) async throws -> Void
    ) async throws {
        var settings = GatewaySettings.accounts
        settings.tokens = tokens
        try await with(settings) { first in
            var other = settings
            other.redis = .shared(try #require(first.redisServer))
            other.keyDirectory = first.folder.path("keys")
            try await with(other) { second in
                try await first.waitForRedis(connections: 4)
                try await second.waitForRedis(connections: 4)
                try await body(first, second)
            }
        }
    }

    private init(_ settings: GatewaySettings, redisIsUp: Bool) async throws {
        let folder = try TemporaryFolder()
        let redis = try Self.startRedis(settings.redis, folder)
        let backend = try await RecordingBackend.start()
        let issuer = try await Self.prepare(folder, settings)
        if !redisIsUp { redis?.kill() }
        let text = settings.yaml(redisPort: redis?.port, backendPort: backend.port)
        let path = folder.path("portcullis.yaml")
        let configuration = try ConfigurationLoader.load(bytes: Array(text.utf8), path: path, environment: [:])
        try folder.write("", to: "log")
        guard let file = FileHandle(forWritingAtPath: folder.path("log")) else { throw CocoaError(.fileNoSuchFile) }
        let log = settings.logPipe?.fileHandleForWriting ?? file
        let output = AccessLogWriter(descriptor: log.fileDescriptor)
        let gateway = Gateway(
            configuration: configuration, configurationPath: path,
            logger: Logger(label: "portcullis") { JSONLogHandler(label: $0, writer: output) },
            auditLogger: Logger(label: "audit") { JSONLogHandler(label: $0, writer: output) }, output: output,
            traceInterval: settings.traceInterval)
        running = try await gateway.start()
        self.folder = folder
        redisServer = redis
        self.backend = backend
        self.issuer = issuer
        self.output = output
        self.log = log
    }

    /// Waits until each event loop has its connection to Redis: two, and two of each other gateway that shares it.
    func waitForRedis(connections: Int = 2) async throws {
        let redis = try #require(redisServer)
        let isConnected = try await eventually {
            try redis.command("CLIENT", "LIST").components(separatedBy: "name=portcullis ").count == connections + 1
        }
        #expect(isConnected, "the gateway does not reach Redis at \(redis.port)")
        // The name is given by the last step of the handshake but one reply.
        let isReady = try await eventually {
            try await call("GET", "/auth/verify", token: issuer.token()).status == 200
        }
        #expect(isReady)
    }

    private static func startRedis(
        _ use: GatewaySettings.RedisUse, _ folder: TemporaryFolder
    ) throws -> RedisServerProcess? {
        switch use {
        case .own: try RedisServerProcess()
        case .durable:
            try RedisServerProcess(arguments: [
                "--dir", folder.url.path, "--appendonly", "yes", "--appendfsync", "always",
            ])
        case .shared(let server): server
        case .none: nil
        }
    }

    /// Puts the files in place that the configuration names.
    static func prepare(_ folder: TemporaryFolder, _ settings: GatewaySettings) async throws -> ForeignIssuer {
        let issuer = try ForeignIssuer.shared.get()
        try folder.write(try issuer.keySet(), to: "idp.json")
        for (name, content) in settings.files { try folder.write(content, to: name) }
        if let tokens = settings.tokens, settings.keyDirectory == nil {
            let match = tokens.firstMatch(of: /algorithm: (\w+)/).flatMap { SignatureAlgorithm(rawValue: String($0.1)) }
            _ = try SigningKeyDirectory(path: folder.path("keys"), algorithm: match ?? .es256).generate(
                nowSeconds: Int64(Date.now.timeIntervalSince1970))
        }
        if settings.hasAccounts { try folder.write(try await Accounts.database.value, to: "accounts.sqlite") }
        return issuer
    }

    private func stop() async {
        backend.release()
        await running.shutdown()
        await output.shutdown()
        await backend.stop()
        try? log.close()
        let text = logText
        #expect(SecretLedger.logLeaks(in: text) == [])
        for line in text.split(separator: "\n") {
            let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
            #expect(object?["timestamp"] is String && object?["severity"] is String && object?["message"] is String)
        }
    }

    /// What the gateway has logged so far.
    var logText: String {
        String(decoding: (try? Data(contentsOf: folder.url.appendingPathComponent("log"))) ?? Data(), as: UTF8.self)
    }

    /// Writes to the log until it takes nothing more; for one that nobody reads.
    func fillLog() {
        for (byteCount, count) in [(1 << 20, 8), (1 << 16, 16), (1 << 12, 16), (1 << 6, 64)] {
            let filling = ByteBuffer(repeating: UInt8(ascii: " "), count: byteCount)
            for _ in 0..<count { output.write(filling) }
        }
    }

    /// The keys in force.
    var trust: TrustStore {
        get throws { try #require(running.trust) }
    }

    // MARK: - Calling

    var publicPort: Int { running.publicPorts.first ?? 0 }
    var adminPort: Int { running.adminPort }

    func connect() async throws -> HTTPTestConnection {
        try await HTTPTestConnection.open(port: publicPort)
    }

    /// One request over a connection of its own.
    func call(
        _ method: String = "GET", _ target: String, token: String? = nil, _ fields: [(String, String)] = [],
        body: String? = nil
    ) async throws -> HTTPAnswer {
        let connection = try await connect()
        let credential = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        await connection.request(method, target, credential + fields, body: body.map { Array($0.utf8) })
        let answer = try await connection.answer(isHead: method == "HEAD")
        await connection.close()
        return answer
    }

    func post(_ path: String, json: String, token: String? = nil) async throws -> HTTPAnswer {
        try await call("POST", path, token: token, [("Content-Type", "application/json")], body: json)
    }

    func post(_ path: String, form: String, token: String? = nil) async throws -> HTTPAnswer {
        try await call("POST", path, token: token, [("Content-Type", "application/x-www-form-urlencoded")], body: form)
    }

    /// Sends bytes as they are, and reads one answer.
    func raw(_ text: String) async throws -> HTTPAnswer {
        let connection = try await connect()
        await connection.send(text)
        let answer = try await connection.answer()
        await connection.close()
        return answer
    }

    func admin(_ path: String) async throws -> HTTPAnswer {
        try await admin("GET", path)
    }

    /// One request to the admin listener.
    func admin(
        _ method: String, _ path: String, token: String? = nil, fields: [(String, String)] = [], json: String? = nil
    ) async throws -> HTTPAnswer {
        let connection = try await HTTPTestConnection.open(port: adminPort)
        let credential = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        let type = json == nil ? [] : [("Content-Type", "application/json")]
        await connection.request(method, path, credential + type + fields, body: json.map { Array($0.utf8) })
        let answer = try await connection.answer(isHead: method == "HEAD")
        await connection.close()
        return answer
    }

    func readiness() async throws -> HTTPAnswer {
        try await admin("/readyz")
    }

    // MARK: - Tokens

    struct Grant {
        var accessToken: String
        var refreshToken: String
        var answer: HTTPAnswer

        init(_ answer: HTTPAnswer) throws {
            accessToken = try #require(answer.member("access_token"), "\(answer.status) \(answer.text)")
            refreshToken = try #require(answer.member("refresh_token"))
            self.answer = answer
            SecretLedger.enter(accessToken)
            SecretLedger.enter(refreshToken)
        }

        /// The claims of the access token, unverified.
        var claims: [String: Any] {
            let part = accessToken.split(separator: ".")[1]
            let bytes = Base64URL.decode(String(part)) ?? []
            return (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
        }
    }

    func login(_ name: String = "alice", scope: String? = nil) async throws -> Grant {
        let password = try #require(Accounts.passwords[name])
        let wanted = scope.map { ",\"scope\":\"\($0)\"" } ?? ""
        return try Grant(
            try await post("/auth/login", json: "{\"username\":\"\(name)\",\"password\":\"\(password)\"\(wanted)}"))
    }

    func refresh(_ token: String) async throws -> HTTPAnswer {
        try await post("/auth/refresh", json: "{\"refresh_token\":\"\(token)\"}")
    }
}
