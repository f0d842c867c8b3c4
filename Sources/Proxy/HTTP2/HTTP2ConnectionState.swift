import NIOCore

/// The life of an HTTP/2 connection as a value: which deadline holds, when it may be idle, and how it says goodbye.
struct HTTP2ConnectionState {
    /// What to do now.
    enum Action: Equatable {
        case none
        /// Say that no more requests are wanted, and find out when the client knows (RFC 9113 section 6.8).
        case announceEnd
        /// Say which stream was the last, and close when the flag says so.
        case confirmEnd(lastStream: UInt32, closes: Bool)
        /// Nothing is left to be done: close after what is on its way.
        case finish
        /// The client asks too much: GOAWAY with `ENHANCE_YOUR_CALM`, and close.
        case refuse(lastStream: UInt32)
        /// Close without another word.
        case close
    }

    private enum Phase { case serving, announced, confirmed, ending }

    /// How long a client may take to learn that it is to leave, in milliseconds.
    static let announcementMilliseconds: Int64 = 1_000
    /// How long the last frames may take to be read, in milliseconds.
    static let endingMilliseconds: Int64 = 1_000

    private let headerTimeout: TimeAmount
    private let idleTimeout: TimeAmount
    private let streamLimit: Int
    private let requestLimit: Int
    private var phase = Phase.serving
    private var budget: HTTP2FrameBudget
    private(set) var openStreams = 0
    private var streamCount = 0
    private var lastStream: UInt32 = 0
    /// By when a header block, or the preface, has to be complete.
    private var headerDeadline: NIODeadline
    private var headerBlockIsOpen = true
    private var lastFrameEndsHeaders = true
    /// By when a stream has to be opened, or the present phase to be over.
    private var phaseDeadline: NIODeadline

    /// - Parameters:
    ///   - headerTimeoutMilliseconds: the time for a header block, and for the preface.
    ///   - idleTimeoutMilliseconds: the time without a stream.
    ///   - streamLimit: how many streams may be open.
    ///   - requestLimit: after how many streams the connection ends; 0 for no such limit.
    ///   - now: the time.
    init(
        headerTimeoutMilliseconds: Int64, idleTimeoutMilliseconds: Int64, streamLimit: Int, requestLimit: Int,
        now: NIODeadline
    ) {
        self.streamLimit = streamLimit
        self.requestLimit = requestLimit
        headerTimeout = .milliseconds(headerTimeoutMilliseconds)
        idleTimeout = .milliseconds(idleTimeoutMilliseconds)
        budget = HTTP2FrameBudget(now: now)
        headerDeadline = now + headerTimeout
        phaseDeadline = now + idleTimeout
    }

    /// Whether what the client sends is still looked at.
    var isEnding: Bool { phase == .ending }

    /// When ``timeCame(now:)`` has to be called, if nothing else happens.
    var deadline: NIODeadline {
        if phase == .ending { return phaseDeadline }
        let header = headerBlockIsOpen ? headerDeadline : .distantFuture
        return min(header, openStreams == 0 || phase == .announced ? phaseDeadline : .distantFuture)
    }

    // MARK: - Frames

    /// The client's next frame begins.
    mutating func received(_ frame: HTTP2FrameHeader, now: NIODeadline) -> Action {
        guard phase != .ending else { return .none }
        guard budget.received(frame, now: now) else { return refuse(now) }
        // A frame begins, so the one before is whole.
        receivedAll(isPayloadComplete: true)
        switch frame.kind {
        case .headers, .continuation:
            // Streams that are opened after the first word of the end are refused, and so never the last.
            if frame.kind == .headers, phase == .serving { lastStream = max(lastStream, frame.stream) }
            // One time for the whole block: frames of one byte each do not lengthen it (CVE-2024-27316).
            if !headerBlockIsOpen { headerDeadline = now + headerTimeout }
            headerBlockIsOpen = true
            lastFrameEndsHeaders = frame.endsHeaders
        case .ping where frame.isAcknowledgementOrEnd && phase == .announced:
            return confirm(now)
        default:
            break
        }
        return .none
    }

    /// All that was received has been looked at.
    ///
    /// - Parameter isPayloadComplete: whether the last frame is.
    mutating func receivedAll(isPayloadComplete: Bool) {
        if headerBlockIsOpen, isPayloadComplete, lastFrameEndsHeaders { headerBlockIsOpen = false }
    }

    /// A reset goes out.
    mutating func sentReset(isError: Bool, now: NIODeadline) -> Action {
        guard phase != .ending else { return .none }
        return budget.sentReset(isError: isError, now: now) ? .none : refuse(now)
    }

    /// A part of a body goes out.
    mutating func sentBody(byteCount: Int) {
        budget.sentBody(byteCount: byteCount)
    }

    /// The client broke the protocol, and GOAWAY goes out for it.
    mutating func sentFatalGoAway(now: NIODeadline) -> Action {
        guard phase != .ending else { return .none }
        return end(now, .finish)
    }

    // MARK: - Streams

    /// - Returns: whether it may be served; a client that has not acknowledged the limit is held to it as well.
    mutating func streamOpened() -> Bool {
        openStreams &+= 1
        streamCount &+= 1
        return openStreams <= streamLimit
    }

    /// A stream is closed, its answer having gone out whole or not.
    mutating func streamClosed(isAnswered: Bool, now: NIODeadline) -> Action {
        openStreams &-= 1
        if isAnswered { budget.answered() }
        if requestLimit > 0, streamCount >= requestLimit, phase == .serving { return drain(now: now) }
        guard openStreams == 0 else { return .none }
        switch phase {
        case .serving:
            phaseDeadline = now + idleTimeout
            return .none
        case .confirmed: return end(now, .finish)
        case .announced, .ending: return .none
        }
    }

    // MARK: - Ending

    /// The gateway is stopping.
    mutating func drain(now: NIODeadline) -> Action {
        guard phase == .serving else { return .none }
        phase = .announced
        phaseDeadline = now + .milliseconds(Self.announcementMilliseconds)
        return .announceEnd
    }

    /// The deadline is here.
    mutating func timeCame(now: NIODeadline) -> Action {
        guard deadline <= now else { return .none }
        if phase == .ending { return .close }
        if headerBlockIsOpen, headerDeadline <= now { return refuse(now) }
        switch phase {
        case .serving: return drain(now: now)
        case .announced: return confirm(now)
        case .confirmed, .ending: return .close
        }
    }

    private mutating func confirm(_ now: NIODeadline) -> Action {
        guard openStreams == 0 else {
            phase = .confirmed
            return .confirmEnd(lastStream: lastStream, closes: false)
        }
        return end(now, .confirmEnd(lastStream: lastStream, closes: true))
    }

    private mutating func refuse(_ now: NIODeadline) -> Action {
        end(now, .refuse(lastStream: lastStream))
    }

    private mutating func end(_ now: NIODeadline, _ action: Action) -> Action {
        phase = .ending
        phaseDeadline = now + .milliseconds(Self.endingMilliseconds)
        return action
    }
}
