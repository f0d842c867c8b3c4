/// What a Redis, a sentinel or a cluster's node of a test needs to speak TLS, beside a port without it for the test itself.
package final class RedisEncryption: Sendable {
    /// Who has issued the certificates.
    package let authority: TestAuthority
    /// The client's certificate, which servers ask for.
    package let client: TestAuthority.Pair
    private let server: TestAuthority.Pair

    /// Makes an authority, and certificates for servers on the loopback address and for a client.
    /// - Throws: When `openssl` fails.
    package init() throws {
        authority = try TestAuthority()
        // Servers are clients of each other.
        server = try authority.issue(
            "server", names: ["localhost"], addresses: ["127.0.0.1"], usage: "serverAuth,clientAuth")
        client = try authority.issue("client", names: [], usage: "clientAuth")
    }

    /// The settings of a server that listens with TLS and speaks it to other servers, too.
    /// - Parameter port: Where it listens with TLS.
    /// - Returns: Names and values as in the configuration file.
    package func settings(port: Int) -> [(name: String, value: String)] {
        [
            ("tls-port", String(port)), ("tls-cert-file", server.certificate), ("tls-key-file", server.privateKey),
            ("tls-ca-cert-file", authority.root.certificate), ("tls-replication", "yes"),
        ]
    }

    /// The same as arguments of `redis-server`.
    /// - Parameter port: Where it listens with TLS.
    /// - Returns: The arguments.
    package func arguments(port: Int) -> [String] {
        settings(port: port).flatMap { ["--\($0.name)", $0.value] }
    }
}
