import NIOCore
import Synchronization

/// Stands between clients and a server and does to their bytes what networks and middle boxes do.
///
/// What TCP itself never does is not among it: nobody can tell a reply that was left out, or sent twice as a whole, from
/// the right one.
package final class ByteRelay: Sendable {
    /// What is done to bytes, both ways.
    package enum Fault: Sendable, Equatable {
        /// Nothing.
        case none
        /// They arrive later.
        case delay(milliseconds: Int64)
        /// They arrive one by one.
        case slice
        /// Nothing arrives, now or later, on connections that had bytes meanwhile: half-open ones.
        case silence
        /// The first of each delivery arrives twice.
        case repetition
        /// So many more arrive on each connection; then it is reset.
        case truncation(bytes: Int)
    }

    private final class Control: Sendable {
        private struct State {
            var fault = Fault.none
            var channels: [ObjectIdentifier: any Channel] = [:]
        }

        private let state = Mutex(State())

        var fault: Fault {
            get { state.withLock { $0.fault } }
            set { state.withLock { $0.fault = newValue } }
        }
        func add(_ channel: any Channel) {
            state.withLock { $0.channels[ObjectIdentifier(channel)] = channel }
            channel.closeFuture.whenComplete { [weak self, id = ObjectIdentifier(channel)] _ in
                self?.state.withLock { $0.channels[id] = nil }
            }
        }
        func takeChannels() -> [any Channel] {
            state.withLock { state in
                defer { state.channels = [:] }
                return Array(state.channels.values)
            }
        }
    }

    private let listener: any Channel
    private let control: Control

    private init(listener: any Channel, control: Control) {
        self.listener = listener
        self.control = control
    }

    /// Starts a relay on a free loopback port.
    /// - Parameter serverPort: Where the server listens.
    /// - Returns: The relay, listening.
    /// - Throws: When it cannot listen.
    package static func start(to serverPort: Int) async throws -> ByteRelay {
        let control = Control()
        let listener = try await RelayListener.start(to: serverPort, opened: control.add) { client, server in
            let link = Link()
            try client.pipeline.syncOperations.addHandler(Side(control, link, other: server))
            try server.pipeline.syncOperations.addHandler(Side(control, link, other: client))
        }
        return ByteRelay(listener: listener, control: control)
    }

    /// The port it listens on.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// What is done to bytes from now on.
    package var fault: Fault {
        get { control.fault }
        set { control.fault = newValue }
    }

    /// Closes every connection.
    package func cut() {
        for channel in control.takeChannels() { channel.close(promise: nil) }
    }

    /// Closes every connection and listens no more.
    package func close() async {
        try? await listener.close().get()
        for channel in control.takeChannels() { try? await channel.close().get() }
    }

    /// What both sides of a connection share, on one event loop.
    private final class Link {
        var isSilent = false
        var carriedBytes = 0
    }

    private final class Side: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let control: Control
        private let link: Link
        private let other: any Channel
        private var earliest = NIODeadline.uptimeNanoseconds(0)

        init(_ control: Control, _ link: Link, other: any Channel) {
            self.control = control
            self.link = link
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            let fault = control.fault
            if fault == .silence { link.isSilent = true }
            if link.isSilent { return }
            switch fault {
            case .none, .silence: deliver(bytes, context)
            case .delay(let milliseconds):
                earliest = max(earliest, .now() + .milliseconds(milliseconds))
                deliver(bytes, context)
            case .slice:
                while let byte = bytes.readSlice(length: 1) { deliver(byte, context) }
            case .repetition:
                if let first = bytes.getSlice(at: bytes.readerIndex, length: 1) { deliver(first, context) }
                deliver(bytes, context)
            case .truncation(let limit):
                let rest = max(0, limit - link.carriedBytes)
                link.carriedBytes += bytes.readableBytes
                if let part = bytes.readSlice(length: min(rest, bytes.readableBytes)) { deliver(part, context) }
                if link.carriedBytes >= limit {
                    context.close(promise: nil)
                    other.close(promise: nil)
                }
            }
        }

        /// Later bytes never overtake earlier ones.
        private func deliver(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
            guard earliest > .now() else {
                other.writeAndFlush(bytes, promise: nil)
                return
            }
            earliest = earliest + .nanoseconds(1)
            let other = other
            context.eventLoop.scheduleTask(deadline: earliest) { other.writeAndFlush(bytes, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
