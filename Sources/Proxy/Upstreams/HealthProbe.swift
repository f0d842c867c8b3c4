import HTTP1
import NIOCore

/// One question whether a target is well, on a connection of its own: well is who answers with 2xx in time.
final class HealthProbe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What came of it.
    enum Outcome: Equatable {
        case passed
        case failed(reason: String)
    }

    private var parser = ResponseHeadParser()
    private var input = ByteBuffer()
    private var promise: EventLoopPromise<Outcome>?

    private init(_ promise: EventLoopPromise<Outcome>) {
        self.promise = promise
    }

    /// Asks an address.
    ///
    /// - Parameters:
    ///   - connector: opens the connection.
    ///   - check: what to ask for, and how long to wait.
    ///   - eventLoop: the loop to do it on, which is the current one.
    /// - Returns: the outcome; it never fails.
    static func run(
        _ connector: UpstreamConnector, _ check: Upstream.HealthCheck, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Outcome> {
        let promise = eventLoop.makePromise(of: Outcome.self)
        let probe = HealthProbe(promise)
        let deadline = NIODeadline.now() + .milliseconds(check.timeoutMilliseconds)
        let request = ByteBuffer(
            string: "GET \(check.path) HTTP/1.1\r\nHost: \(connector.target.authority)\r\n"
                + "User-Agent: portcullis-health-check\r\nConnection: close\r\n\r\n")
        let bound = NIOLoopBound(probe, eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            bound.value.finish(.failed(reason: "no answer in time"))
        }
        connector.connect(with: probe, on: eventLoop, deadline: deadline).whenComplete { result in
            switch result {
            case .success(let channel):
                channel.writeAndFlush(request, promise: nil)
                // Whatever ends the probe ends the connection.
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error):
                let failure = UpstreamConnector.Failure(error)
                bound.value.finish(.failed(reason: failure.detail ?? "\(failure.reason)"))
            }
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard promise != nil else { return }
        var received = unwrapInboundIn(data)
        input.writeBuffer(&received)
        while input.readableBytes > 0 {
            do {
                guard try input.withUnsafeReadableBytes({ try parser.parse($0) }) == .complete else { return }
            } catch {
                finish(.failed(reason: "the answer is not HTTP"))
                return
            }
            let status = parser.head.status
            guard (100..<200).contains(status), status != 101 else {
                finish((200..<300).contains(status) ? .passed : .failed(reason: "status \(status)"))
                return
            }
            input.moveReaderIndex(forwardBy: parser.head.byteCount)
            parser.reset()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failed(reason: "closed before an answer"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func finish(_ outcome: Outcome) {
        promise?.succeed(outcome)
        promise = nil
    }
}
