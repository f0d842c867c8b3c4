import NIOCore
import Testing

@testable import Proxy

@Suite("The life of an HTTP/2 connection")
struct HTTP2ConnectionStateTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func state(requestLimit: Int = 0) -> HTTP2ConnectionState {
        HTTP2ConnectionState(
            headerTimeoutMilliseconds: 10_000, idleTimeoutMilliseconds: 75_000, streamLimit: 2,
            requestLimit: requestLimit, now: Self.start)
    }

    private func frame(
        _ kind: HTTP2FrameHeader.Kind, flags: UInt8 = 0, stream: UInt32 = 0, length: Int = 8
    ) -> HTTP2FrameHeader {
        HTTP2FrameHeader(kind: kind, flags: flags, stream: stream, length: length)
    }

    private func at(_ milliseconds: Int64) -> NIODeadline { Self.start + .milliseconds(milliseconds) }

    /// A connection that has had its preface.
    private func opened() -> HTTP2ConnectionState {
        var state = state()
        #expect(state.received(frame(.settings), now: at(0)) == .none)
        state.receivedAll(isPayloadComplete: true)
        return state
    }

    @Test("the preface has the time of a head")
    func preface() {
        var state = state()
        #expect(state.deadline == at(10_000))
        state.receivedAll(isPayloadComplete: false)
        #expect(state.timeCame(now: at(9_999)) == .none)
        #expect(state.timeCame(now: at(10_000)) == .refuse(lastStream: 0))
    }

    @Test("PING does not keep an idle connection, and the goodbye is said in two steps")
    func idle() {
        var state = opened()
        for second in 1..<75 { #expect(state.received(frame(.ping), now: at(Int64(second) * 1000)) == .none) }
        #expect(state.deadline == at(75_000))
        #expect(state.timeCame(now: at(75_000)) == .announceEnd)
        #expect(state.received(frame(.ping, flags: 1), now: at(75_010)) == .confirmEnd(lastStream: 0, closes: true))
        #expect(state.isEnding && state.deadline == at(76_010))
        #expect(state.timeCame(now: at(76_010)) == .close)
    }

    @Test("a client that does not acknowledge is not waited for")
    func noAcknowledgement() {
        var state = opened()
        #expect(state.drain(now: at(100)) == .announceEnd)
        #expect(state.drain(now: at(100)) == .none)
        #expect(state.deadline == at(1_100))
        #expect(state.timeCame(now: at(1_100)) == .confirmEnd(lastStream: 0, closes: true))
    }

    @Test("a stream above the limit is not served, whatever the client has acknowledged")
    func streamLimit() {
        var state = opened()
        let opened = [state.streamOpened(), state.streamOpened(), state.streamOpened()]
        #expect(opened == [true, true, false])
        #expect(state.streamClosed(isAnswered: false, now: at(1)) == .none)
        #expect(state.streamClosed(isAnswered: true, now: at(1)) == .none)
        let isServed = state.streamOpened()
        #expect(isServed)
    }

    @Test("streams in flight end before the connection does, and later ones are not confirmed")
    func drain() {
        var state = opened()
        #expect(state.received(frame(.headers, flags: 5, stream: 1), now: at(1)) == .none)
        state.receivedAll(isPayloadComplete: true)
        _ = state.streamOpened()
        #expect(state.deadline == .distantFuture)
        #expect(state.drain(now: at(2)) == .announceEnd)
        #expect(state.received(frame(.headers, flags: 5, stream: 3), now: at(3)) == .none)
        #expect(state.received(frame(.ping, flags: 1), now: at(4)) == .confirmEnd(lastStream: 1, closes: false))
        #expect(state.streamClosed(isAnswered: true, now: at(6)) == .finish)
        #expect(state.isEnding)
    }

    @Test("all streams may be done before the client has heard of the end")
    func drainedEarly() {
        var state = opened()
        _ = state.streamOpened()
        #expect(state.drain(now: at(2)) == .announceEnd)
        #expect(state.streamClosed(isAnswered: true, now: at(5)) == .none)
        #expect(state.deadline == at(1_002))
    }

    @Test("after as many requests as one connection may bring it is ended like at shutdown")
    func requestLimit() {
        var state = state(requestLimit: 2)
        _ = state.streamOpened()
        #expect(state.streamClosed(isAnswered: true, now: at(1)) == .none)
        _ = state.streamOpened()
        #expect(state.streamClosed(isAnswered: true, now: at(2)) == .announceEnd)
        #expect(state.received(frame(.ping, flags: 1), now: at(3)) == .confirmEnd(lastStream: 0, closes: true))
    }

    @Test("idleness begins when the last stream ends")
    func idleAfterStreams() {
        var state = opened()
        _ = state.streamOpened()
        #expect(state.streamClosed(isAnswered: true, now: at(50_000)) == .none)
        #expect(state.deadline == at(125_000))
    }

    @Test("CONTINUATION frames share the time of one head")
    func slowContinuation() {
        var state = opened()
        #expect(state.received(frame(.headers, stream: 1), now: at(1_000)) == .none)
        for second in 2..<11 {
            #expect(state.received(frame(.continuation, stream: 1, length: 1), now: at(Int64(second) * 1000)) == .none)
            state.receivedAll(isPayloadComplete: true)
        }
        #expect(state.deadline == at(11_000))
        #expect(state.timeCame(now: at(11_000)) == .refuse(lastStream: 1))
    }

    @Test("heads that each end in a later piece than they began in are no slow head")
    func overlappingHeads() {
        var state = opened()
        for index in 1...100 {
            let time = at(Int64(index) * 500)
            #expect(state.received(frame(.headers, flags: 5, stream: UInt32(2 * index - 1)), now: time) == .none)
            state.receivedAll(isPayloadComplete: false)
            #expect(state.timeCame(now: time) == .none)
            #expect(state.deadline == min(time + .milliseconds(10_000), at(75_000)))
        }
    }

    static let floods: [(String, HTTP2FrameHeader)] = [
        ("PING", HTTP2FrameHeader(kind: .ping, flags: 0, stream: 0, length: 8)),
        ("SETTINGS", HTTP2FrameHeader(kind: .settings, flags: 0, stream: 0, length: 0)),
        ("PRIORITY", HTTP2FrameHeader(kind: .priority, flags: 0, stream: 1, length: 5)),
        ("WINDOW_UPDATE", HTTP2FrameHeader(kind: .windowUpdate, flags: 0, stream: 0, length: 4)),
        ("empty DATA", HTTP2FrameHeader(kind: .data, flags: 0, stream: 1, length: 0)),
        ("RST_STREAM", HTTP2FrameHeader(kind: .resetStream, flags: 0, stream: 1, length: 4)),
        ("CONTINUATION", HTTP2FrameHeader(kind: .continuation, flags: 0, stream: 1, length: 0)),
        ("unknown frames", HTTP2FrameHeader(kind: .unknown, flags: 0, stream: 0, length: 0)),
    ]

    @Test("a flood of frames that move nothing forward is refused", arguments: floods.indices)
    func flood(_ index: Int) {
        var state = opened()
        var count = 0
        while count < 10_000, state.received(Self.floods[index].1, now: at(1)) == .none { count += 1 }
        #expect(count <= HTTP2FrameBudget.capacity, "\(Self.floods[index].0)")
        #expect(state.isEnding)
        #expect(state.received(Self.floods[index].1, now: at(2)) == .none, "refused once")
    }

    @Test("a client that acknowledges what it is sent may do so for ever")
    func windowUpdates() {
        var state = opened()
        for _ in 0..<50_000 {
            state.sentBody(byteCount: 50)
            for _ in 0..<4 { #expect(state.received(frame(.windowUpdate), now: at(1)) == .none) }
        }
    }

    @Test("an answer byte by byte earns less than it costs")
    func dribble() {
        var state = opened()
        var count = 0
        while count < 100_000, state.received(frame(.windowUpdate, stream: 1), now: at(1)) == .none {
            if count % 16_384 == 0 { state.sentBody(byteCount: 16_384) }
            count += 1
        }
        #expect(count < 2_000)
    }

    @Test("time pays for some of it, and not for more than a bucket")
    func refill() {
        var state = opened()
        for second in 0..<1_000 {
            for _ in 0..<100 {
                #expect(state.received(frame(.ping), now: at(Int64(second) * 1_000)) == .none)
            }
        }
        var count = 0
        while state.received(frame(.ping), now: at(100_000_000)) == .none { count += 1 }
        #expect(count <= HTTP2FrameBudget.capacity)
    }

    @Test("cancelled requests are paid for by answered ones, if there are enough")
    func rapidReset() {
        var state = opened()
        for index in 0..<10_000 {
            _ = state.streamOpened()
            let isCancelled = index % 4 == 0
            #expect(state.streamClosed(isAnswered: !isCancelled, now: at(1)) == .none)
            if isCancelled { #expect(state.received(frame(.resetStream, stream: 1), now: at(1)) == .none) }
        }
        var count = 0
        while state.received(frame(.resetStream, stream: 1), now: at(1)) == .none { count += 1 }
        #expect(count < 130)
    }

    @Test("resets that a client has us send are counted")
    func madeYouReset() {
        var state = opened()
        var count = 0
        while state.sentReset(isError: true, now: at(1)) == .none { count += 1 }
        #expect(count == 99 || count == 100)
    }
}

@Suite("Finding HTTP/2 frames")
struct HTTP2FrameScannerTests {
    private func scan(_ bytes: [UInt8], preface: Int, pieceSize: Int) -> [HTTP2FrameHeader] {
        var scanner = HTTP2FrameScanner(prefaceByteCount: preface)
        var found: [HTTP2FrameHeader] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            Array(rest.prefix(pieceSize)).withUnsafeBytes { piece in
                var index = 0
                while let frame = scanner.next(piece, from: &index) { found.append(frame) }
                #expect(index == piece.count)
            }
            rest = rest.dropFirst(pieceSize)
        }
        #expect(scanner.isBetweenFrames)
        return found
    }

    @Test("frames are found however the bytes are cut")
    func cuts() {
        let bytes =
            HTTP2Wire.preface + HTTP2Wire.settings([(3, 1)]) + HTTP2Wire.headers(0x7fff_ffff)
            + HTTP2Wire.data(0x8000_0001, Array(repeating: 7, count: 70_000)) + HTTP2Wire.frame(.unknown)
        let whole = scan(bytes, preface: 24, pieceSize: bytes.count)
        #expect(whole.map(\.kind) == [.settings, .headers, .data, .unknown])
        #expect(whole.map(\.stream) == [0, 0x7fff_ffff, 1, 0])
        #expect(whole.map(\.length)[2...] == [70_000, 0])
        #expect(whole[1].endsHeaders && whole[1].isAcknowledgementOrEnd)
        for size in 1...40 { #expect(scan(bytes, preface: 24, pieceSize: size) == whole) }
    }
}
