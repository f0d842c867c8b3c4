import HTTP1
import NIOConcurrencyHelpers
import NIOCore

@testable import Proxy

/// Lets the test decide when a held request goes on, and counts what happened.
final class AuthenticationDesk: Sendable {
    struct State {
        var begun = 0
        var cancelled = 0
        var policies: [Int?] = []
        var held: [@Sendable () -> Void] = []
    }

    private let box = NIOLockedValueBox(State())

    var state: State { box.withLockedValue { $0 } }
    func update(_ change: (inout State) -> Void) { box.withLockedValue { change(&$0) } }

    /// Decides about everything that is held.
    func release() {
        let held = box.withLockedValue { state in
            defer { state.held = [] }
            return state.held
        }
        for decide in held { decide() }
    }
}

/// `Bearer NAME` is NAME; `Bearer held-NAME` is too, once the desk releases it; `Bearer bad` is refused.
///
/// `Bearer limited-NAME` has a limit, which `Bearer refused` has reached.
final class StubAuthentication: Authentication {
    private let desk: AuthenticationDesk
    private let eventLoop: any EventLoop
    private var ticket = 0

    init(desk: AuthenticationDesk, eventLoop: any EventLoop) {
        self.desk = desk
        self.eventLoop = eventLoop
    }

    static let missing = Problem(
        status: 401, error: "missing", description: "a token is needed", challenge: "Bearer realm=\"test\"")
    static let invalid = Problem(
        status: 401, error: "invalid_token", description: "no such token",
        challenge: "Bearer realm=\"test\", error=\"invalid_token\"")
    static let limitReached = Denial(
        Problem(status: 429, error: "too_many_requests", description: "too many", retryAfterSeconds: 4),
        reason: "rate_limit", rateLimit: RateLimitStanding(limit: 12, remaining: 0, resetSeconds: 9))

    override func begin(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, policy: Int?) -> AuthenticationDecision {
        desk.update {
            $0.begun += 1
            $0.policies.append(policy)
        }
        guard let value = head.value(of: .authorization, in: bytes) else {
            return .deny(Denial(Self.missing, reason: "missing"))
        }
        let text = String(decoding: value, as: UTF8.self)
        guard text.hasPrefix("Bearer "), text != "Bearer bad" else {
            return .deny(Denial(Self.invalid, reason: "invalid_token"))
        }
        let name = String(text.dropFirst(7))
        if name == "refused" { return .deny(Self.limitReached) }
        if name.hasPrefix("limited-") {
            let standing = RateLimitStanding(limit: 12, remaining: 7, resetSeconds: 3)
            return .permit(permit(identity(name), rateLimit: standing))
        }
        guard name.hasPrefix("held-") else { return .permit(permit(identity(name))) }
        ticket += 1
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        let mine = ticket
        desk.update {
            $0.held.append {
                eventLoop.execute { bound.value.finish(String(name.dropFirst(5)), ticket: mine) }
            }
        }
        return .pending
    }

    override func cancel() {
        ticket += 1
        desk.update { $0.cancelled += 1 }
    }

    private func finish(_ name: String, ticket: Int) {
        guard ticket == self.ticket else { return }
        decide(name == "bad" ? .deny(Denial(Self.invalid, reason: "invalid_token")) : .permit(permit(identity(name))))
    }

    private func identity(_ name: String) -> Identity {
        Identity(
            headerLines: Array("X-Auth-Subject: \(name)\r\n".utf8),
            traces: IdentityTraces(countingKeys: CountingKeys(subject: 0, client: 0), loggedSubject: name))
    }
}
