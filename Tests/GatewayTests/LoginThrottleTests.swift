import Credentials
import Foundation
import Logging
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("Throttling of logins")
struct LoginThrottleTests {
    /// Judges by a fixed password, and counts how often it is asked.
    private final class Judge: Authenticating {
        let askedCount = Mutex(0)
        let isAway = Mutex(false)

        func authenticate(
            name: String, password: [UInt8], address: String
        ) async throws(CredentialError) -> LoginIdentity {
            askedCount.withLock { $0 += 1 }
            guard !isAway.withLock({ $0 }) else { throw CredentialError(.unavailable(.unreachable)) }
            guard password == Array("right".utf8), name == "alice" else { throw CredentialError(.invalidCredentials) }
            return LoginIdentity(name: try UserName(name), scope: .none)
        }
    }

    private struct World {
        let judge = Judge()
        let throttled: ThrottledAuthenticator

        init(attempts: Int = 3, redis: RedisFixture? = nil, now: @escaping @Sendable () -> Int64 = { 0 }) {
            throttled = ThrottledAuthenticator(
                authenticator: judge,
                throttle: LoginThrottle(
                    attempts: attempts, windowMilliseconds: 60_000, redis: redis?.client, keyPrefix: "p:",
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: now))
        }

        /// What becomes of a login: the code of its error, `nil` when it is let in.
        func logIn(_ name: String, _ password: String, from address: String) async -> CredentialError.Code? {
            do throws(CredentialError) {
                _ = try await throttled.authenticate(name: name, password: Array(password.utf8), address: address)
                return nil
            } catch {
                return error.code
            }
        }

        func isThrottled(_ name: String, _ password: String, from address: String) async -> Bool {
            if case .throttled? = await logIn(name, password, from: address) { return true }
            return false
        }
    }

    /// Runs a test with counts in the process, and with counts in Redis.
    private func onBoth(_ body: (RedisFixture?) async throws -> Void) async throws {
        try await body(nil)
        try await RedisFixture.with { try await body($0) }
    }

    @Test("guesses at an account from anywhere are stopped, alike whether there is such an account or not")
    func accounts() async throws {
        try await onBoth { redis in
            let world = World(redis: redis)
            for name in ["alice", "nobody"] {
                let start = ContinuousClock.now
                for index in 0..<3 {
                    #expect(await world.logIn(name, "wrong", from: "10.0.\(index).1") == .invalidCredentials)
                }
                let asked = world.judge.askedCount.withLock { $0 }
                guard case .throttled(let seconds)? = await world.logIn(name, "wrong", from: "10.1.0.1") else {
                    Issue.record("\(name) was not throttled")
                    continue
                }
                let elapsed = Int((ContinuousClock.now - start).components.seconds)
                #expect((19 - elapsed...20).contains(seconds))
                // Nobody is asked, so nothing can be learnt from how long that takes.
                #expect(world.judge.askedCount.withLock { $0 } == asked)
            }
        }
    }

    @Test("guesses from an address are stopped, whatever the account; its /64 is one address")
    func addresses() async throws {
        try await onBoth { redis in
            let world = World(redis: redis)
            for index in 0..<3 {
                #expect(await world.logIn("user\(index)", "x", from: "2001:db8::\(index + 1)") == .invalidCredentials)
            }
            #expect(await world.isThrottled("user9", "x", from: "2001:db8::ffff"))
            #expect(await world.logIn("user9", "x", from: "2001:db8:0:1::1") == .invalidCredentials)
            #expect(await world.logIn("alice", "right", from: "10.0.0.1") == nil)
        }
    }

    @Test("right passwords count for nothing, and outages neither")
    func successes() async throws {
        try await onBoth { redis in
            let world = World(redis: redis)
            for _ in 0..<20 { #expect(await world.logIn("alice", "right", from: "10.0.0.1") == nil) }
            world.judge.isAway.withLock { $0 = true }
            for _ in 0..<20 {
                #expect(await world.logIn("alice", "right", from: "10.0.0.1") == .unavailable(.unreachable))
            }
            world.judge.isAway.withLock { $0 = false }
            #expect(await world.logIn("alice", "right", from: "10.0.0.1") == nil)
        }
    }

    @Test("whoever is attacked from elsewhere goes on logging in from where he has logged in before")
    func noLockOut() async throws {
        try await onBoth { redis in
            let world = World(redis: redis)
            #expect(await world.logIn("alice", "right", from: "192.0.2.1") == nil)
            for index in 0..<50 { _ = await world.logIn("alice", "guess", from: "10.0.\(index).1") }
            #expect(await world.isThrottled("alice", "right", from: "198.51.100.1"))
            for _ in 0..<10 { #expect(await world.logIn("alice", "right", from: "192.0.2.1") == nil) }
            // That place may not guess for ever either.
            for _ in 0..<3 { #expect(await world.logIn("alice", "guess", from: "192.0.2.1") == .invalidCredentials) }
            #expect(await world.isThrottled("alice", "guess", from: "192.0.2.1"))
        }
    }

    @Test("an address at its limit keeps no account shut")
    func refusedAttemptsDoNotCount() async {
        let world = World()
        for index in 0..<3 { _ = await world.logIn("user\(index)", "x", from: "10.0.0.1") }
        for _ in 0..<50 { #expect(await world.isThrottled("alice", "x", from: "10.0.0.1")) }
        #expect(await world.logIn("alice", "right", from: "10.0.0.2") == nil)
    }

    @Test("who guesses on waits longer and longer, a day's guesses stay few, and it ends when he does")
    func backOff() async {
        let now = Mutex<Int64>(0)
        let world = World(attempts: 10) { now.withLock { $0 } }
        var guesses: [Int64] = []
        // From a new address each second, for a day.
        for second in 0..<86_400 {
            now.withLock { $0 = Int64(second) * 1000 }
            let address = "10.\(second >> 16).\(second >> 8 & 255).\(second & 255)"
            if await world.logIn("alice", "guess", from: address) == .invalidCredentials {
                guesses.append(Int64(second))
            }
        }
        // The first burst and what drains of the slowest limit meanwhile, where a window's alone would allow 14,400.
        #expect((100...200).contains(guesses.count), "\(guesses.count)")
        #expect(guesses.prefix(10) == ArraySlice(0..<10))
        let pauses = zip(guesses.dropFirst(), guesses).map { $0 - $1 }
        #expect(pauses[10...20].max() ?? 0 <= 73 && pauses.suffix(3).min() ?? 0 > 800)
        now.withLock { $0 += 900_000 }
        #expect(await world.logIn("alice", "right", from: "172.16.0.1") == nil)
    }
}
