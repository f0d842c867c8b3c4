import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

/// A gateway before one upstream of a test's making, called without blocking a thread.
struct Service {
    let server: ProxyServer
    let port: Int
    let log: LogRecord

    /// Runs a test with a gateway that ends with it.
    static func run(
        _ upstream: Upstream, loops: Int = 1, resolver: NameResolver = .system,
        _ body: (Service) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let log = LogRecord()
        let configuration = ProxyConfiguration(
            routes: RouteTable([Route(label: "all", path: "/", destination: .upstream(0))]), upstreams: [upstream])
        let server = try await ProxyServer(
            configuration: configuration, group: group, controlPlane: StubControlPlane(), accessLog: nil,
            logger: Logger(label: "test") { _ in log.handler }, resolver: resolver
        ) { _ in { Authentication() } }
        let port = try await server.listen(on: Listener(address: .tcp(host: "127.0.0.1", port: 0)))?.port ?? 0
        let service = Service(server: server, port: port, log: log)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(service))
        } catch {
            outcome = .failure(error)
        }
        await server.shutdown(graceMilliseconds: 0)
        try await group.shutdownGracefully()
        try outcome.get()
    }

    /// An upstream with targets on loopback ports.
    static func upstream(_ ports: Int...) -> Upstream {
        Upstream(name: "api", targets: ports.map { .init(host: "127.0.0.1", port: $0) })
    }

    func connect() async throws -> HTTPTestConnection {
        try await HTTPTestConnection.open(port: port)
    }

    /// One request on a connection of its own.
    func call(
        _ method: String = "GET", _ target: String = "/", _ fields: [(String, String)] = []
    ) async throws -> HTTPAnswer {
        let connection = try await connect()
        await connection.request(method, target, fields)
        let answer = try await connection.answer(within: .seconds(20))
        await connection.close()
        return answer
    }

    /// Statuses of so many requests over one connection.
    func statuses(_ count: Int, _ method: String = "GET") async throws -> [Int: Int] {
        let connection = try await connect()
        var statuses: [Int: Int] = [:]
        for _ in 0..<count {
            await connection.request(method, "/", method == "GET" ? [] : [("Content-Length", "0")])
            statuses[try await connection.answer(within: .seconds(20)).status, default: 0] += 1
        }
        await connection.close()
        return statuses
    }

    /// Who answered so many requests, and how often; each answer begins with its backend's name.
    func backends(_ count: Int) async throws -> [String: Int] {
        let connection = try await connect()
        var names: [String: Int] = [:]
        for _ in 0..<count {
            await connection.request("GET", "/")
            let answer = try await connection.answer(within: .seconds(20))
            let name = answer.status == 200 ? String(answer.text.prefix { $0 != " " }) : "\(answer.status)"
            names[name, default: 0] += 1
        }
        await connection.close()
        return names
    }
}

/// Requests without a pause over some connections, all statuses counted.
final class SteadyLoad: Sendable {
    private struct State {
        var counts: [Int: Int] = [:]
        var failures: [String] = []
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let service: Service

    init(_ service: Service) { self.service = service }

    var counts: [Int: Int] { state.withLockedValue { $0.counts } }
    var failures: [String] { state.withLockedValue { $0.failures } }
    var total: Int { counts.values.reduce(0, +) }

    /// Keeps it up while the body runs, and ends it.
    func during(connections: Int = 8, _ body: () async throws -> Void) async throws {
        let workers = (0..<connections).map { _ in Task { await drive() } }
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body())
        } catch {
            outcome = .failure(error)
        }
        state.withLockedValue { $0.isStopped = true }
        for worker in workers { await worker.value }
        try outcome.get()
    }

    /// Waits until so many more requests were answered.
    func more(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async {
        let goal = total + count
        let done = await TestSupport.eventually(within: .seconds(30)) { total >= goal || !failures.isEmpty }
        #expect(done, sourceLocation: sourceLocation)
    }

    private func drive() async {
        do {
            let connection = try await service.connect()
            while !state.withLockedValue({ $0.isStopped }) {
                await connection.request("GET", "/load")
                let status = try await connection.answer(within: .seconds(30)).status
                state.withLockedValue { $0.counts[status, default: 0] += 1 }
            }
            await connection.close()
        } catch {
            state.withLockedValue { $0.failures.append("\(error)") }
        }
    }
}

/// What the operator was told.
final class LogRecord: Sendable {
    private struct Handler: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            lines.withLockedValue { $0.append("\(event.message) \(fields)") }
        }
    }

    private let lines = NIOLockedValueBox<[String]>([])

    var handler: any LogHandler { Handler(lines: lines) }
    var all: [String] { lines.withLockedValue { $0 } }

    func count(_ message: String) -> Int { all.filter { $0.hasPrefix(message) }.count }
}
