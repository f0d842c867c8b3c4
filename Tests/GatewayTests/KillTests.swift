import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("killed at any step")
    struct KillTests {
        /// A gateway that can be killed and started again, its Redis behind a relay, its files kept.
        private final class Victim {
            let redis: RedisServerProcess
            let relay: RedisRelay
            private let folder: TemporaryFolder
            private let backend: RecordingBackend
            private let program: Program
            private var run: ProgramRun
            private var port: Int

            init(_ tokens: String) async throws {
                folder = try TemporaryFolder()
                redis = try RedisServerProcess(arguments: [
                    "--dir", folder.url.path, "--appendonly", "yes", "--appendfsync", "always",
                ])
                relay = try await RedisRelay.start(to: redis.port)
                backend = try await RecordingBackend.start()
                var settings = GatewaySettings.accounts
                settings.tokens = tokens
                program = try Program(
                    configuration: settings.yaml(redisPort: relay.port, backendPort: backend.port))
                _ = try await GatewayFixture.prepare(program.folder, settings)
                run = try program.start("serve")
                port = try await run.ports().public
            }

            func restart() async throws {
                run.signal(SIGKILL)
                #expect(await run.end() == -SIGKILL)
                run.checkLog()
                run = try program.start("serve")
                port = try await run.ports().public
            }

            func stop() async {
                run.signal(SIGKILL)
                _ = await run.end()
                run.checkLog()
                await relay.close()
                await backend.stop()
            }

            var log: String { run.output }

            func send(_ method: String, _ path: String, token: String? = nil, form: String? = nil) async throws
                -> HTTPTestConnection
            {
                let connection = try await HTTPTestConnection.open(port: port)
                var fields = token.map { [("Authorization", "Bearer \($0)")] } ?? []
                if form != nil { fields.append(("Content-Type", "application/x-www-form-urlencoded")) }
                await connection.request(method, path, fields, body: form.map { Array($0.utf8) })
                return connection
            }

            func call(_ method: String, _ path: String, token: String? = nil, form: String? = nil) async throws
                -> HTTPAnswer
            {
                let connection = try await send(method, path, token: token, form: form)
                let answer = try await connection.answer()
                await connection.close()
                return answer
            }

            func login() async throws -> GatewayFixture.Grant {
                let password = (Accounts.passwords["alice"] ?? "").replacingOccurrences(of: " ", with: "+")
                return try GatewayFixture.Grant(
                    try await call("POST", "/auth/login", form: "username=alice&password=\(password)"))
            }

            func refresh(_ token: String) async throws -> HTTPAnswer {
                try await call("POST", "/auth/refresh", form: "refresh_token=\(token)")
            }

            func status(_ grant: GatewayFixture.Grant) async throws -> Int {
                try await call("GET", "/api/x", token: grant.accessToken).status
            }
        }

        private enum Step: CaseIterable {
            case beforeRedisHasIt, beforeRedisAnswers, beforeTheClientReads
        }

        /// Sends a request whose client never hears the answer, and kills the gateway at a step of it.
        private func perform(
            _ path: String, token: String? = nil, form: String, killingAt step: Step, _ victim: Victim
        ) async throws {
            switch step {
            case .beforeRedisHasIt: victim.relay.stopNext(.request)
            case .beforeRedisAnswers: victim.relay.stopNext(.reply)
            case .beforeTheClientReads: break
            }
            let connection = try await victim.send("POST", path, token: token, form: form)
            if step == .beforeTheClientReads {
                #expect(try await connection.answer().status < 300)
            } else {
                #expect(await eventually { victim.relay.isHolding })
            }
            try await victim.restart()
            await connection.close()
        }

        @Test("in a rotation: the client's retry goes on with its session, with one successor and no other")
        func rotation() async throws {
            let victim = try await Victim("rotation_grace: 120s")
            for step in Step.allCases {
                let first = try await victim.login()
                try await perform("/auth/refresh", form: "refresh_token=\(first.refreshToken)", killingAt: step, victim)
                #expect(try await victim.status(first) == 200)
                let second = try GatewayFixture.Grant(try await victim.refresh(first.refreshToken))
                let again = try GatewayFixture.Grant(try await victim.refresh(first.refreshToken))
                #expect(again.refreshToken == second.refreshToken, "\(step)")
                let third = try GatewayFixture.Grant(try await victim.refresh(second.refreshToken))
                #expect(third.claims["sid"] as? String == first.claims["sid"] as? String)
                #expect(try await victim.status(third) == 200)
            }
            await victim.stop()
        }

        @Test(
            "in a logout: what Redis has stays refused, a retry does the rest, and a killed Redis brings nothing back")
        func logout() async throws {
            let victim = try await Victim("rotation_grace: 120s")
            var ended: [GatewayFixture.Grant] = []
            for step in Step.allCases {
                for (byAccessToken, everywhere) in [(true, false), (false, false), (false, true), (true, true)] {
                    let other = try await victim.login()
                    let grant = try await victim.login()
                    let form =
                        (byAccessToken ? "" : "refresh_token=\(grant.refreshToken)&") + "everywhere=\(everywhere)"
                    let token = byAccessToken ? grant.accessToken : nil
                    try await perform("/auth/logout", token: token, form: form, killingAt: step, victim)
                    let isDone = step != .beforeRedisHasIt
                    #expect(try await victim.status(grant) == (isDone ? 401 : 200), "\(step)")
                    #expect(try await victim.status(other) == (isDone && everywhere ? 401 : 200), "\(step)")
                    #expect(try await victim.call("POST", "/auth/logout", token: token, form: form).status == 204)
                    #expect(try await victim.status(grant) == 401, "\(step)")
                    #expect(try await victim.status(other) == (everywhere ? 401 : 200), "\(step)")
                    ended.append(grant)
                    if everywhere { ended.append(other) }
                }
            }
            victim.redis.kill()
            try victim.redis.restart()
            try await victim.restart()
            for grant in ended {
                #expect(try await victim.status(grant) == 401)
                #expect(try await victim.refresh(grant.refreshToken).status == 401)
            }
            await victim.stop()
        }

        @Test("reuse is still detected after gateway and Redis have been killed and started again")
        func reuseAfterRestart() async throws {
            let victim = try await Victim("rotation_grace: 0s")
            let stolen = try await victim.login()
            let current = try GatewayFixture.Grant(try await victim.refresh(stolen.refreshToken))
            victim.redis.kill()
            try victim.redis.restart()
            try await victim.restart()
            #expect(try await victim.status(current) == 200)
            #expect(try await victim.refresh(stolen.refreshToken).status == 401)
            #expect(try await victim.status(current) == 401)
            #expect(try await victim.refresh(current.refreshToken).status == 401)
            let session = try #require(current.claims["sid"] as? String)
            let reported = await eventually {
                victim.log.split(separator: "\n").contains { line in
                    let event = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
                    return event?["message"] as? String == "refresh token reuse detected"
                        && event?["session"] as? String == session && event?["subject"] as? String == "alice"
                        && event?["generation_presented"] as? String == "1"
                        && event?["generation_current"] as? String == "2"
                        && event?["since_rotation_ms"] is String && event?["session_age_ms"] is String
                }
            }
            #expect(reported, "\(victim.log)")
            await victim.stop()
        }
    }
}
