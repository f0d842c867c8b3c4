import Glibc
import Logging
import NIOCore

/// Rests an accepting socket while the process or the system has no descriptors, or no memory, for another connection.
///
/// Without it the event loop would be told of the waiting connection again and again, and do nothing else.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(100)
    private static let silence = TimeAmount.seconds(10)

    private let logger: Logger
    private var isPaused = false
    private var lastWarning: NIODeadline?

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            context.fireErrorCaught(error)
            return
        }
        warn(error)
        guard !isPaused else { return }
        isPaused = true
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [weak self] in
            self?.isPaused = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    private func warn(_ error: IOError) {
        let now = NIODeadline.now()
        if let lastWarning, now < lastWarning + Self.silence { return }
        lastWarning = now
        logger.error(
            "no descriptors or memory for new connections: raise LimitNOFILE or lower limits.connections",
            metadata: ["reason": "\(String(cString: strerror(error.errnoCode)))"])
    }
}
