import NIOCore
import NIOPosix
import Synchronization

/// A client connection over which a test sends any bytes, and reads answers strictly.
package final class HTTPTestConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    /// What has come in, and who waits for more.
    fileprivate final class Inbox: Sendable {
        struct State {
            var bytes: [UInt8] = []
            var hasEnded = false
            var waiter: CheckedContinuation<Void, Never>?
        }

        let state = Mutex(State())

        func change(_ body: (inout State) -> Void) {
            let waiter = state.withLock { state in
                body(&state)
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to a loopback port.
    /// - Throws: when nothing listens there.
    package static func open(port: Int) async throws -> HTTPTestConnection {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return HTTPTestConnection(channel: channel, inbox: inbox)
    }

    /// Sends bytes; that the other side has closed shows in the answer.
    package func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Sends text.
    package func send(_ text: String) async {
        await send(Array(text.utf8))
    }

    /// Sends a request; `Host` and `Content-Length` are added unless they are among the fields.
    package func request(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) async {
        let names = fields.map { $0.0.lowercased() }
        var text = "\(method) \(target) HTTP/1.1\r\n"
        if !names.contains("host") { text += "Host: gateway.test\r\n" }
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if let body, !names.contains("content-length"), !names.contains("transfer-encoding") {
            text += "Content-Length: \(body.count)\r\n"
        }
        await send(Array((text + "\r\n").utf8) + (body ?? []))
    }

    /// Waits for the next final answer.
    /// - Throws: ``HTTPAnswer/Fault``.
    package func answer(isHead: Bool = false, within limit: Duration = .seconds(15)) async throws -> HTTPAnswer {
        let end = ContinuousClock.now + limit
        while true {
            let (bytes, hasEnded) = inbox.state.withLock { ($0.bytes, $0.hasEnded) }
            if let (answer, count) = try HTTPAnswer.read(bytes, isHead: isHead, hasEnded: hasEnded) {
                inbox.state.withLock { $0.bytes.removeFirst(count) }
                return answer
            }
            let text = String(decoding: bytes.prefix(500), as: UTF8.self)
            if hasEnded { throw HTTPAnswer.Fault.closed(text) }
            guard ContinuousClock.now < end else { throw HTTPAnswer.Fault.timedOut(text) }
            await waitForChange(from: bytes.count, until: end)
        }
    }

    /// Waits for a text among what has come and was not read; it stays there.
    package func hasReceived(_ text: String, within limit: Duration = .seconds(15)) async -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            let (bytes, hasEnded) = inbox.state.withLock { ($0.bytes, $0.hasEnded) }
            if String(decoding: bytes, as: UTF8.self).contains(text) { return true }
            guard !hasEnded, ContinuousClock.now < end else { return false }
            await waitForChange(from: bytes.count, until: end)
        }
    }

    /// Waits until the other side has closed.
    /// - Returns: what came before that and was not read; `nil` when it does not close in time.
    package func remainder(within limit: Duration = .seconds(10)) async -> [UInt8]? {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            let (bytes, hasEnded) = inbox.state.withLock { ($0.bytes, $0.hasEnded) }
            if hasEnded { return bytes }
            await waitForChange(from: bytes.count, until: end)
        }
        return nil
    }

    /// Says that nothing more will be sent.
    package func finishSending() async {
        try? await channel.close(mode: .output).get()
    }

    /// Closes.
    package func close() async {
        try? await channel.close().get()
    }

    private func waitForChange(from count: Int, until end: ContinuousClock.Instant) async {
        let left = ContinuousClock.now.duration(to: end)
        let alarm = channel.eventLoop.scheduleTask(in: .init(left)) { [inbox] in inbox.change { _ in } }
        defer { alarm.cancel() }
        await withCheckedContinuation { continuation in
            let isLate = inbox.state.withLock { state in
                guard state.bytes.count == count, !state.hasEnded, ContinuousClock.now < end else { return true }
                state.waiter = continuation
                return false
            }
            if isLate { continuation.resume() }
        }
    }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: HTTPTestConnection.Inbox

    init(_ inbox: HTTPTestConnection.Inbox) {
        self.inbox = inbox
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        inbox.change { $0.bytes += bytes }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { inbox.change { $0.hasEnded = true } }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.change { $0.hasEnded = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
