import HTTP1
import NIOCore
import NIOEmbedded

@testable import Proxy

/// The data path of an event loop in memory: no socket joins or splits what is sent, so that each byte can be a read of
/// its own.
///
/// Its upstream connections are open from the start, for a connection can be opened on a real event loop only.
final class EmbeddedGateway {
    /// What came of the bytes that a client sent.
    struct Outcome {
        /// Everything that came back.
        var answers: [UInt8] = []
        /// How much of it came before the client said that it had said all.
        var earlyByteCount = 0
        /// Whether the gateway closed before that.
        var closedEarly = false
        /// The requests that reached a backend, whole ones only.
        var requests: [Backend.Request] = []
        /// Whether a backend got what it could not read.
        var violations: [HTTPViolation] = []

        var status: Int? { RequestVerdict.status(of: answers) }
    }

    /// What a backend sends, piece by piece, and whether it closes then.
    struct Answer {
        var pieces: [[UInt8]]
        var closes = false
    }

    /// Says what the backend answers.
    var script: (Backend.Request) -> Answer = EmbeddedGateway.echo

    private let loop = EmbeddedEventLoop()
    private let context: LoopContext
    private var backends: [EmbeddedBackend] = []
    private var backendCount = 0

    init(routes: [Route] = [Route(label: "all", path: "/", destination: .upstream(0))]) {
        var limits = ProxyConfiguration.Limits()
        // The corpus knows of no limit for bodies.
        limits.bodyBytes = .max
        var upstream = Upstream(name: "backend", targets: [.init(host: "127.0.0.1", port: 1)])
        // There is no new connection in memory to try again on.
        upstream.retries = 0
        let desk = AuthenticationDesk()
        let loop = loop
        context = LoopContext(
            eventLoop: loop,
            configuration: ProxyConfiguration(routes: RouteTable(routes), upstreams: [upstream], limits: limits),
            controlPlane: StubControlPlane(),
            makeAuthentication: { StubAuthentication(desk: desk, eventLoop: loop) }, accessLog: nil,
            connectionCount: ConnectionCount())
    }

    /// 200 with the request-line as body.
    static func echo(_ request: Backend.Request) -> Answer {
        let body = request.startLine.hasPrefix("HEAD ") ? "" : request.startLine
        return Answer(
            pieces: [Array("HTTP/1.1 200 OK\r\nContent-Length: \(request.startLine.utf8.count)\r\n\r\n\(body)".utf8)])
    }

    /// Sends pieces over a connection of its own, each a read of its own, and then says that this was all.
    func exchange(_ pieces: [ArraySlice<UInt8>]) throws -> Outcome {
        try keepBackends()
        let client = EmbeddedChannel(handler: ClientConnection(loop: context), loop: loop)
        client.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 2), promise: nil)
        loop.run()
        var outcome = Outcome()
        for piece in pieces where client.isActive {
            try client.writeInbound(ByteBuffer(bytes: piece))
            try pump(client, &outcome)
        }
        outcome.earlyByteCount = outcome.answers.count
        outcome.closedEarly = !client.isActive
        if client.isActive {
            client.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            try pump(client, &outcome)
            client.close(promise: nil)
            try pump(client, &outcome)
        }
        return outcome
    }

    private func keepBackends() throws {
        backends.removeAll { !$0.channel.isActive }
        while backends.count < 4 {
            let pool = context.pools[0]
            let connection = UpstreamConnection(pool: pool, endpoint: pool.endpoints[0])
            let channel = EmbeddedChannel(handler: connection, loop: loop)
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            loop.run()
            backends.append(EmbeddedBackend(channel: channel, number: backendCount))
            backendCount += 1
            // As if it had served a request.
            connection.end(reuse: true)
        }
    }

    /// Lets everything happen that can.
    private func pump(_ client: EmbeddedChannel, _ outcome: inout Outcome) throws {
        var goesOn = true
        while goesOn {
            goesOn = false
            loop.run()
            for backend in backends {
                guard let request = try backend.receive(&outcome, &goesOn) else { continue }
                goesOn = true
                outcome.requests.append(request)
                let answer = script(request)
                for piece in answer.pieces where backend.channel.isActive {
                    try backend.channel.writeInbound(ByteBuffer(bytes: piece))
                    loop.run()
                }
                if answer.closes { backend.channel.close(promise: nil) }
            }
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                goesOn = true
                outcome.answers += bytes.readableBytesView
            }
        }
    }
}

/// A backend's end of one connection in memory.
final class EmbeddedBackend {
    let channel: EmbeddedChannel
    private let number: Int
    private var input: [UInt8] = []
    private var parser = RequestHeadParser(
        limits: HeadLimits(startLineBytes: 1 << 20, headerBytes: 1 << 20, fieldCount: 4096))
    private var decoder: BodyDecoder?
    private var request = Backend.Request(head: "", body: [], connection: 0, index: 0)
    private var count = 0

    init(channel: EmbeddedChannel, number: Int) {
        self.channel = channel
        self.number = number
    }

    /// Reads what was sent; the next request when it is whole.
    func receive(_ outcome: inout EmbeddedGateway.Outcome, _ hasReceived: inout Bool) throws -> Backend.Request? {
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            input += bytes.readableBytesView
            hasReceived = true
        }
        do throws(HTTPViolation) {
            return try next()
        } catch {
            outcome.violations.append(error)
            channel.close(promise: nil)
            return nil
        }
    }

    private func next() throws(HTTPViolation) -> Backend.Request? {
        while true {
            guard var decoder else {
                guard try readHead() else { return nil }
                continue
            }
            if decoder.hasEnded {
                self.decoder = nil
                parser.reset()
                count += 1
                return request
            }
            let event = try Self.read(input) { bytes throws(HTTPViolation) in try decoder.next(bytes) }
            self.decoder = decoder
            switch event {
            case .needMore:
                input = []
                return nil
            case .end(let consumed):
                input.removeFirst(consumed)
            case .trailers(let skipping, let count):
                request.trailers += input[skipping..<(skipping + count)]
                input.removeFirst(skipping + count)
            case .data(let skipping, let count):
                request.body += input[skipping..<(skipping + count)]
                input.removeFirst(skipping + count)
            }
        }
    }

    private func readHead() throws(HTTPViolation) -> Bool {
        guard !input.isEmpty else { return false }
        let progress = try Self.read(input) { bytes throws(HTTPViolation) in try parser.parse(bytes) }
        guard progress == .complete else { return false }
        let byteCount = parser.head.byteCount
        request = Backend.Request(
            head: String(decoding: input[..<(byteCount - 4)], as: UTF8.self), body: [], connection: number,
            index: count)
        input.removeFirst(byteCount)
        decoder = BodyDecoder(parser.head.framing)
        return true
    }

    private static func read<Result>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(HTTPViolation) -> Result
    ) throws(HTTPViolation) -> Result {
        let outcome: Swift.Result<Result, HTTPViolation> = bytes.withUnsafeBytes { bytes in
            do throws(HTTPViolation) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
