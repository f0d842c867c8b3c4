import NIOCore

/// How much work without use a client may cause on one connection: a bucket of tokens.
///
/// Answers earn tokens, and so does time; frames that move no request forward cost some. PING, SETTINGS, PRIORITY,
/// empty DATA, WINDOW_UPDATE, CONTINUATION and unknown frames, requests that are cancelled (CVE-2023-44487) and streams
/// that the client has us reset ("MadeYouReset", CVE-2025-8671) all draw from it, alone or mixed.
struct HTTP2FrameBudget {
    /// The most tokens, and how many there are at first.
    static let capacity = 1_000
    /// How many tokens a second brings.
    static let tokensPerSecond: Int64 = 100

    private var tokens = capacity
    private var refilledAt: NIODeadline

    init(now: NIODeadline) {
        refilledAt = now
    }

    /// Takes a frame that the client sent into account.
    ///
    /// - Returns: whether the client may go on.
    mutating func received(_ frame: HTTP2FrameHeader, now: NIODeadline) -> Bool {
        let cost =
            switch frame.kind {
            case .headers: 0
            case .data: frame.length == 0 && !frame.isAcknowledgementOrEnd ? 2 : 0
            // Each may change the window of every stream.
            case .settings: frame.isAcknowledgementOrEnd ? 1 : 5
            case .resetStream: 8
            case .priority, .ping, .goAway, .windowUpdate, .continuation, .pushPromise, .unknown: 1
            }
        return cost == 0 || spend(cost, now)
    }

    /// Takes a reset that we sent into account.
    ///
    /// - Parameters:
    ///   - isError: whether it was for a mistake of the client, and not because its answer came early.
    ///   - now: the time.
    /// - Returns: whether the client may go on.
    mutating func sentReset(isError: Bool, now: NIODeadline) -> Bool {
        spend(isError ? 10 : 2, now)
    }

    /// An answer is complete: what belongs to a request is paid for, a few window updates among it.
    mutating func answered() {
        earn(8)
    }

    /// A part of a body goes to the client, who acknowledges it with window updates for the stream and the connection.
    mutating func sentBody(byteCount: Int) {
        earn(4 &+ byteCount >> 8)
    }

    private mutating func earn(_ count: Int) {
        tokens = min(tokens &+ count, Self.capacity)
    }

    private mutating func spend(_ count: Int, _ now: NIODeadline) -> Bool {
        let earned = (now - refilledAt).nanoseconds / (1_000_000_000 / Self.tokensPerSecond)
        if earned > 0 {
            earn(Int(min(earned, Int64(Self.capacity))))
            refilledAt = now
        }
        tokens &-= count
        return tokens >= 0
    }
}
