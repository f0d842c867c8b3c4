/// A real cluster of three primaries, each with a third of the slots, and a replica of one of them.
package final class RedisClusterProcesses: Sendable {
    /// Why there is no cluster.
    package struct FormationFailure: Error {
        let state: String
    }

    /// The three primaries, in the order of their slots.
    package let primaries: [RedisServerProcess]
    /// The replica.
    package let replica: RedisServerProcess
    private let encryptedPorts: [Int: Int]

    /// Starts the servers and waits until they are one cluster.
    /// - Parameters:
    ///   - replicated: The index of the primary that has the replica.
    ///   - encryption: How each listens with TLS and speaks it to the others, if it does.
    /// - Throws: When they do not become one.
    package init(replicated: Int, encryption: RedisEncryption? = nil) async throws {
        var servers: [(server: RedisServerProcess, busPort: Int)] = []
        var encryptedPorts: [Int: Int] = [:]
        for _ in 0..<4 {
            let busPort = try RedisServerProcess.freePort()
            var arguments = [
                "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                "--cluster-port", String(busPort), "--cluster-node-timeout", "1000",
                "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0",
            ]
            let encryptedPort = try encryption.map { _ in try RedisServerProcess.freePort() }
            if let encryption, let encryptedPort {
                arguments += encryption.arguments(port: encryptedPort) + ["--tls-cluster", "yes"]
            }
            let server = try RedisServerProcess(arguments: arguments)
            encryptedPorts[server.port] = encryptedPort
            servers.append((server, busPort))
        }
        self.encryptedPorts = encryptedPorts
        primaries = servers[..<3].map(\.server)
        replica = servers[3].server
        let bounds = [(0, 5460), (5461, 10_922), (10_923, 16_383)]
        for (index, (first, last)) in bounds.enumerated() {
            try primaries[index].command("CLUSTER", "ADDSLOTSRANGE", String(first), String(last))
            try primaries[index].command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))
        }
        for (server, busPort) in servers[1...] {
            let port = encryptedPorts[server.port] ?? server.port
            try primaries[0].command("CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort))
        }
        let all = servers.map(\.server)
        try await Self.wait("a whole cluster") {
            try all.allSatisfy {
                let info = try $0.command("CLUSTER", "INFO")
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:4")
            }
        }
        let identifier = try identifier(of: primaries[replicated])
        try await Self.wait("a replica") { [replica] in
            try replica.command("CLUSTER", "REPLICATE", identifier) == "OK"
        }
        try await Self.wait("a replica in step") { [replica, primaries] in
            try replica.command("ROLE").contains("connected")
                && primaries.allSatisfy { try $0.command("CLUSTER", "NODES").contains("slave") }
        }
    }

    /// The port at which clients reach a node: that with TLS where there is one.
    package func clientPort(of server: RedisServerProcess) -> Int {
        encryptedPorts[server.port] ?? server.port
    }

    /// The name by which the nodes know one of them.
    package func identifier(of server: RedisServerProcess) throws -> String {
        try server.command("CLUSTER", "MYID")
    }

    private static func wait(_ state: String, _ condition: () throws -> Bool) async throws {
        guard try await eventually(within: .seconds(20), { try condition() }) else {
            throw FormationFailure(state: state)
        }
    }
}
