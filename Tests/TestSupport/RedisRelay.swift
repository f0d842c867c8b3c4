import NIOCore
import Synchronization

/// Stands between a client and a Redis and can stop a script on its way there, or its reply on the way back.
package final class RedisRelay: Sendable {
    /// Where the next script is to stop.
    package enum Stop: Sendable {
        /// Before the server has it.
        case request
        /// After the server has run it.
        case reply
    }

    private struct State {
        var stop: Stop?
        var isHolding = false
        var channels: [any Channel] = []
    }

    fileprivate final class Switch: Sendable {
        private let state = Mutex(State())

        func add(_ channel: any Channel) { state.withLock { $0.channels.append(channel) } }
        func stopNext(_ stop: Stop) {
            state.withLock {
                $0.stop = stop
                $0.isHolding = false
            }
        }
        /// Takes the order to stop, when there is one for this place.
        func takes(_ stop: Stop) -> Bool {
            state.withLock { state in
                guard state.stop == stop else { return false }
                state.stop = nil
                return true
            }
        }
        func hold() { state.withLock { $0.isHolding = true } }
        var isHolding: Bool { state.withLock { $0.isHolding } }
        func takeChannels() -> [any Channel] {
            state.withLock { state in
                defer { state.channels = [] }
                return state.channels
            }
        }
    }

    private let listener: any Channel
    private let control: Switch

    private init(listener: any Channel, control: Switch) {
        self.listener = listener
        self.control = control
    }

    /// Starts a relay on a free loopback port.
    /// - Parameter serverPort: where Redis listens.
    /// - Returns: the relay, listening.
    /// - Throws: when it cannot listen.
    package static func start(to serverPort: Int) async throws -> RedisRelay {
        let control = Switch()
        let listener = try await RelayListener.start(to: serverPort, opened: control.add) { client, server in
            let exchange = Exchange(control)
            try client.pipeline.syncOperations.addHandler(Side(of: exchange, isClient: true, other: server))
            try server.pipeline.syncOperations.addHandler(Side(of: exchange, isClient: false, other: client))
        }
        return RedisRelay(listener: listener, control: control)
    }

    /// The port it listens on.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Stops the next script; what has been stopped never goes on.
    package func stopNext(_ stop: Stop) { control.stopNext(stop) }

    /// Whether a script has been stopped.
    package var isHolding: Bool { control.isHolding }

    /// Closes every connection and listens no more.
    package func close() async {
        try? await listener.close().get()
        for channel in control.takeChannels() { try? await channel.close().get() }
    }

    /// What both sides of a connection share, on one event loop.
    fileprivate final class Exchange {
        let control: Switch
        var holdsRequests = false
        var holdsReplies = false

        init(_ control: Switch) { self.control = control }
    }

    private final class Side: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private static let script = Array("EVALSHA".utf8)
        private let exchange: Exchange
        private let isClient: Bool
        private let other: any Channel

        init(of exchange: Exchange, isClient: Bool, other: any Channel) {
            self.exchange = exchange
            self.isClient = isClient
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            let control = exchange.control
            if isClient {
                if bytes.readableBytesView.firstRange(of: Self.script) != nil {
                    if control.takes(.request) {
                        exchange.holdsRequests = true
                        control.hold()
                    } else if control.takes(.reply) {
                        exchange.holdsReplies = true
                    }
                }
                if exchange.holdsRequests { return }
            } else if exchange.holdsReplies {
                control.hold()
                return
            }
            other.writeAndFlush(bytes, promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
