import Foundation
import TestSupport
import Testing

extension GatewayTests {
    /// What is under way goes on by the configuration it began with, though its route and its upstream are gone.
    @Suite("transfers across a reload")
    struct ReloadTransferTests {
        private static let before: GatewaySettings = {
            var settings = ReloadedProcess.settings
            settings.routes = ["{path: /gone/, upstream: api, auth: {any_of: [jwt]}}"]
            return settings
        }()

        private static let after = ReloadedProcess.settings

        /// A gateway before a backend whose every byte the test writes.
        private struct World {
            let backend: BlockingListener
            let process: ReloadedProcess
            let token: String
            let client: HTTPTestConnection

            init(_ settings: GatewaySettings = before, redisPort: Int? = nil) async throws {
                backend = try BlockingListener()
                process = try await ReloadedProcess(settings, backendPort: backend.port, redisPort: redisPort)
                token = try process.issuer.token()
                client = try await HTTPTestConnection.open(port: process.publicPort)
            }

            var authorization: (String, String) { ("Authorization", "Bearer \(token)") }

            /// The connection that the gateway opens, once a whole head has come over it.
            func connection() async throws -> BlockingSocket {
                try await onThread { [backend] in
                    let connection = try backend.accept(within: 20)
                    _ = try connection.receiveHead()
                    return connection
                }
            }

            func end() async {
                await client.close()
                await process.end()
                backend.shutDown()
            }
        }

        @Test("an upload of 8 MiB, of which half was sent before")
        func upload() async throws {
            let world = try await World()
            let half = 4 << 20
            await world.client.request(
                "PUT", "/gone/file", [world.authorization, ("Content-Length", "\(2 * half)")])
            let sending = Task { await world.client.send([UInt8](repeating: 97, count: half)) }
            let backend = try await world.connection()
            #expect(try await onThread { try backend.skip(count: half) } == half)
            await sending.value
            try await world.process.take(Self.after)
            let rest = Task { await world.client.send([UInt8](repeating: 98, count: half)) }
            #expect(try await onThread { try backend.skip(count: half) } == half)
            await rest.value
            try backend.send("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nkept")
            let answer = try await world.client.answer()
            #expect(answer.status == 201)
            #expect(answer.text == "kept")
            await world.client.request("GET", "/gone/file", [world.authorization])
            #expect(try await world.client.answer().status == 404)
            await world.end()
        }

        @Test("server-sent events, which go on event by event")
        func events() async throws {
            let world = try await World()
            await world.client.request("GET", "/gone/events", [world.authorization])
            let backend = try await world.connection()
            try backend.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "9\r\ndata: 1\n\n\r\n")
            #expect(await world.client.hasReceived("data: 1"))
            try await world.process.take(Self.after)
            try backend.send("9\r\ndata: 2\n\n\r\n")
            #expect(await world.client.hasReceived("data: 2"))
            try await world.process.take(Self.before)
            try backend.send("9\r\ndata: 3\n\n\r\n0\r\n\r\n")
            let answer = try await world.client.answer()
            #expect(answer.text == "data: 1\n\ndata: 2\n\ndata: 3\n\n")
            await world.end()
        }

        @Test("a WebSocket, both ways; its connection is closed by its ends and not before")
        func webSocket() async throws {
            let world = try await World()
            await world.client.request(
                "GET", "/gone/socket",
                [
                    world.authorization, ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ])
            let backend = try await world.connection()
            try backend.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nfirst")
            #expect(await world.client.hasReceived("first"))
            try await world.process.take(Self.after)
            try backend.send("second")
            #expect(await world.client.hasReceived("second"))
            await world.client.send("third")
            let received = try await onThread {
                var bytes: [UInt8] = []
                while bytes.count < 5 { bytes += try backend.receive(5 - bytes.count) }
                return String(decoding: bytes, as: UTF8.self)
            }
            #expect(received == "third")
            backend.shutDown()
            #expect(await world.client.remainder() != nil)
            await world.end()
        }

        @Test("a stream of HTTP/2; the next stream of its connection meets the new configuration")
        func http2() async throws {
            let authority = try TestAuthority()
            let pair = try authority.issue("gateway", names: ["localhost"])
            let listeners =
                "{address: \"127.0.0.1:0\", tls: {certificate: \"\(pair.certificate)\", "
                + "private_key: \"\(pair.privateKey)\"}}"
            var (before, after) = (Self.before, Self.after)
            before.listeners = listeners
            after.listeners = listeners
            let world = try await World(before)
            let base = "https://localhost:\(world.process.publicPort)/gone"
            let curl = try ProgramRun(
                URL(fileURLWithPath: "/usr/bin/curl"),
                [
                    "--silent", "--http2", "--ipv4", "--cacert", authority.root.certificate, "--max-time", "60",
                    "--header", "Authorization: Bearer \(world.token)", "--write-out",
                    " %{http_version} %{http_code} %{num_connects}\n", "\(base)/one", "\(base)/two",
                ], directory: FileManager.default.temporaryDirectory)
            let backend = try await world.connection()
            try backend.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            try await world.process.take(after)
            try backend.send("half")
            #expect(await curl.end() == 0, "\(curl.errors)")
            let lines = curl.output.split(separator: "\n")
            #expect(lines.first == "halfhalf 2 200 1")
            #expect(lines.last?.hasSuffix(" 2 404 0") == true, "\(curl.output)")
            await world.end()
        }

        @Test("a revocation ends the stream of its token, though it began under another configuration")
        func revoked() async throws {
            let redis = try RedisServerProcess()
            let world = try await World(redisPort: redis.port)
            await world.client.request("GET", "/gone/events", [world.authorization])
            let backend = try await world.connection()
            try backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
            #expect(await world.client.hasReceived("begun"))
            try await world.process.take(Self.after)
            let other = try await HTTPTestConnection.open(port: world.process.publicPort)
            await other.request("POST", "/auth/logout", [world.authorization])
            #expect(try await other.answer().status == 204)
            #expect(await world.client.remainder() != nil, "the stream outlived its token")
            await other.close()
            await world.end()
        }

        @Test("SIGHUP with a bad file changes nothing; with the next good one it is taken up")
        func hangUps() async throws {
            let world = try await World()
            var bad = Self.after
            bad.routes = ["{path: /x/, upstream: nowhere, auth: none}"]
            try world.process.write(bad)
            world.process.run.signal(SIGHUP)
            #expect(await eventually { world.process.run.output.contains("nowhere") })
            await world.client.request("GET", "/gone/x", [world.authorization])
            let backend = try await world.connection()
            try backend.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(try await world.client.answer().status == 204)
            try world.process.write(Self.after)
            world.process.run.signal(SIGHUP)
            #expect(await eventually { world.process.run.output.contains("configuration reloaded") })
            await world.client.request("GET", "/gone/x", [world.authorization])
            #expect(try await world.client.answer().status == 404)
            await world.end()
        }

        @Test("with Redis down, `stale` keeps what the mirror knew: the revoked stay refused, others come through")
        func staleInOutage() async throws {
            let redis = try RedisServerProcess()
            var settings = Self.after
            settings.sections.append("revocation: {mode: mirror, on_unavailable: stale, stale_grace: 1h}")
            let world = try await World(settings, redisPort: redis.port)
            let revoked = try world.process.issuer.token()
            let other = try await HTTPTestConnection.open(port: world.process.publicPort)
            await other.request("POST", "/auth/logout", [("Authorization", "Bearer \(revoked)")])
            #expect(try await other.answer().status == 204)
            redis.kill()
            settings.routes = ["{path: /new/, upstream: api, auth: {any_of: [jwt]}}"]
            try await world.process.take(settings)
            for path in ["/api/x", "/new/x"] {
                await other.request("GET", path, [("Authorization", "Bearer \(revoked)")])
                #expect(try await other.answer().status == 401, "\(path)")
            }
            await world.client.request("GET", "/new/x", [world.authorization])
            let backend = try await world.connection()
            try backend.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(try await world.client.answer().status == 204)
            await other.close()
            await world.end()
        }
    }
}
