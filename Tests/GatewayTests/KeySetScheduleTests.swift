import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("When published keys are fetched")
struct KeySetScheduleTests {
    private static let settings = KeySetSchedule.Settings(
        refreshMilliseconds: 600_000, maximumStaleMilliseconds: 3_600_000)

    private func fetched(at now: Int64, maximumAge: Int64?) -> KeySetSchedule {
        var schedule = KeySetSchedule(Self.settings)
        #expect(schedule.next(nowMilliseconds: now) == .fetch)
        schedule.fetchSucceeded(nowMilliseconds: now, maximumAgeMilliseconds: maximumAge)
        _ = schedule.availability(nowMilliseconds: now)
        return schedule
    }

    @Test(
        "the issuer's max-age counts within the configured bound, and is not used up",
        arguments: [
            (nil, 480_000), (300_000, 240_000), (86_400_000, 480_000), (0, 30_000), (1_000, 30_000),
        ] as [(Int64?, Int64)])
    func maximumAge(_ age: Int64?, _ expected: Int64) {
        var schedule = fetched(at: 1000, maximumAge: age)
        #expect(schedule.next(nowMilliseconds: 1000) == .wait(untilMilliseconds: 1000 + expected))
        #expect(schedule.next(nowMilliseconds: 1000 + expected) == .fetch)
    }

    @Test("only one fetch is under way, whoever wants it")
    func singleFlight() {
        var schedule = KeySetSchedule(Self.settings)
        #expect(schedule.next(nowMilliseconds: 0) == .fetch)
        var isDemanded = schedule.demanded()
        #expect(!isDemanded)
        guard case .wait = schedule.next(nowMilliseconds: 0) else { return #expect(Bool(false), "a second one") }
        schedule.fetchFailed(nowMilliseconds: 0, jitter: 0)
        isDemanded = schedule.demanded()
        #expect(isDemanded)
        isDemanded = schedule.demanded()
        #expect(!isDemanded)
    }

    @Test("after failures the pause doubles, up to a minute")
    func backOff() {
        var schedule = KeySetSchedule(Self.settings)
        var pauses: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<9 {
            #expect(schedule.next(nowMilliseconds: now) == .fetch)
            schedule.fetchFailed(nowMilliseconds: now, jitter: 1)
            guard case .wait(let until) = schedule.next(nowMilliseconds: now) else { return }
            pauses.append(until - now)
            now = until
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
    }

    @Test("keys that cannot be confirmed count until they are too old, to the millisecond")
    func staleness() {
        var schedule = fetched(at: 0, maximumAge: nil)
        #expect(schedule.next(nowMilliseconds: 480_000) == .fetch)
        schedule.fetchFailed(nowMilliseconds: 480_000, jitter: 0)
        var counts = [3_600_000, 3_600_001].map { schedule.availability(nowMilliseconds: $0) }
        #expect(counts == [true, false])
        _ = schedule.next(nowMilliseconds: 3_600_001)
        schedule.fetchSucceeded(nowMilliseconds: 3_600_002, maximumAgeMilliseconds: nil)
        counts = [schedule.availability(nowMilliseconds: 3_600_002)]
        #expect(counts == [true])
    }

    @Test("at random: never two at once, never too seldom, and the age is always right")
    func random() {
        var random = SeededGenerator.announced("the key set schedule")
        for _ in 0..<300 {
            var schedule = KeySetSchedule(Self.settings)
            var now: Int64 = 0
            var isFetching = false
            var confirmed: Int64?
            for _ in 0..<200 {
                switch random.below(5) {
                case 0:
                    let wasFetching = isFetching
                    if schedule.demanded() {
                        #expect(!wasFetching)
                        isFetching = true
                    }
                case 1 where isFetching:
                    schedule.fetchSucceeded(
                        nowMilliseconds: now,
                        maximumAgeMilliseconds: random.below(2) == 0 ? nil : Int64(random.below(900_000)))
                    isFetching = false
                    confirmed = now
                case 2 where isFetching:
                    schedule.fetchFailed(nowMilliseconds: now, jitter: Double(random.below(100)) / 100)
                    isFetching = false
                default:
                    switch schedule.next(nowMilliseconds: now) {
                    case .fetch:
                        #expect(!isFetching)
                        isFetching = true
                    case .wait(let until):
                        #expect(isFetching || until > now, "it would turn for ever")
                        #expect(isFetching || until <= now + 600_000, "it would come too late")
                        now += Int64(random.below(400_000))
                    }
                }
                let counts = confirmed.map { now - $0 <= 3_600_000 } ?? false
                let told = schedule.availability(nowMilliseconds: now)
                #expect(told == counts)
            }
        }
    }

    @Test(
        "Cache-Control is read as RFC 9111 has it, and what is not understood says nothing",
        arguments: [
            (["max-age=60"], 60_000), (["public, max-age=60, must-revalidate"], 60_000), (["no-store"], 0),
            (["max-age=60, no-cache"], 0), (["MAX-AGE = 5"], 5000), (["max-age=\"7\""], 7000), (["max-age=-1"], nil),
            (["max-age=x"], nil), ([], nil), (["private"], nil), (["max-age=60", "max-age=30"], 30_000),
            (["max-age=99999999999999999999"], 31_536_000_000),
        ] as [([String], Int64?)])
    func cacheControl(_ fields: [String], _ expected: Int64?) {
        #expect(CacheControl.maximumAgeMilliseconds(fields) == expected)
    }

    @Test("a flood of unknown keys demands one fetch in each cool-down")
    func demand() {
        let now = MovingClock()
        let demand = KeySetDemand(coolDownMilliseconds: 10_000, clock: { now.nanoseconds })
        let fetches = MovingClock()
        demand.onDemand { fetches.advance(1) }
        for _ in 0..<1000 { #expect(demand.demand(), "while it is being met clients are told to wait") }
        #expect(fetches.nanoseconds == 1)
        demand.fetchEnded()
        for _ in 0..<1000 { #expect(!demand.demand()) }
        now.advance(10_000 * 1_000_000)
        #expect(demand.demand())
        #expect(fetches.nanoseconds == 2)
        demand.fetchEnded()
        // A fetch that was due anyway counts, too.
        now.advance(10_000 * 1_000_000)
        demand.fetchBegan()
        demand.fetchEnded()
        #expect(!demand.demand())
    }

    @Test(
        "keys come over https, or from this machine",
        arguments: [
            ("https://idp.example/jwks.json", true), ("http://127.0.0.1:8080/jwks", true), ("http://localhost/k", true),
            ("http://idp.example/jwks.json", false), ("http://127.0.0.1.evil.example/", false),
            ("http://localhost.evil.example/", false), ("https://user@idp.example/", false),
            ("https://user:pass@idp.example/", false), ("https://idp.example/#x", false), ("ftp://idp.example/", false),
            ("file:///etc/passwd", false), ("https:///path", false), ("https://idp.example/\u{e9}", false), ("", false),
            ("http://[::1]:80/", true), ("//idp.example/", false), ("https://idp.example/a b", false),
        ])
    func addresses(_ text: String, _ isTaken: Bool) {
        #expect((IssuerURL(text) != nil) == isTaken)
    }

    @Test("metadata is looked for where OpenID Connect and RFC 8414 have it")
    func metadataAddresses() {
        #expect(
            IssuerURL.metadata(ofIssuer: "https://idp.example/realms/a").map(\.text) == [
                "https://idp.example/realms/a/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/realms/a",
            ])
        #expect(
            IssuerURL.metadata(ofIssuer: "https://idp.example/").map(\.text) == [
                "https://idp.example/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server",
            ])
        #expect(IssuerURL.metadata(ofIssuer: "some-name").isEmpty)
        #expect(IssuerURL.metadata(ofIssuer: "https://idp.example?x=1").isEmpty)
    }

    @Test(
        "metadata must be the issuer's own, byte for byte, and lead to https",
        arguments: [
            (#"{"issuer":"https://a","jwks_uri":"https://a/k"}"#, nil),
            (#"{"issuer":"https://a/","jwks_uri":"https://a/k"}"#, .metadataOfAnotherIssuer),
            (#"{"issuer":"https://A","jwks_uri":"https://a/k"}"#, .metadataOfAnotherIssuer),
            (#"{"jwks_uri":"https://a/k"}"#, .metadataOfAnotherIssuer),
            (#"{"issuer":"https://a"}"#, .malformedMetadata), ("[]", .malformedMetadata), ("", .malformedMetadata),
            (#"{"issuer":"https://a","jwks_uri":"http://b/k"}"#, .malformedMetadata),
            (#"{"issuer":"https://a","jwks_uri":"file:///k"}"#, .malformedMetadata),
            (#"{"issuer":"https://a","issuer":"https://b","jwks_uri":"https://a/k"}"#, .malformedMetadata),
        ] as [(String, KeySetFailure?)])
    func metadata(_ text: String, _ failure: KeySetFailure?) {
        do throws(KeySetFailure) {
            let metadata = try IssuerMetadata(json: Array(text.utf8), issuer: "https://a")
            #expect(failure == nil && metadata.keySetURL.text == "https://a/k")
        } catch {
            #expect(error == failure)
        }
    }
}

/// A clock that moves when it is told to.
final class MovingClock: Sendable {
    private let time = Mutex<Int64>(0)

    var nanoseconds: Int64 { time.withLock { $0 } }

    func advance(_ nanoseconds: Int64) {
        time.withLock { $0 += nanoseconds }
    }
}
