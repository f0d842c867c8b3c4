import Glibc
import NIOCore

/// Closes an accepting socket without losing a connection that it has not accepted yet.
///
/// The kernel resets whatever waits in the queue of a socket that closes, though its clients believe themselves connected.
/// So the queue is emptied first; and where another process accepts at the same port, new connections are left to that one
/// before.
struct ListenerClosing {
    /// How long connections that are being set up may take to arrive in the queue.
    private static let handshakeTime = TimeAmount.milliseconds(200)
    /// How long to wait for an empty queue: under a flood, or where accepting fails, it never is.
    private static let queueTime = TimeAmount.seconds(1)

    let channel: any Channel
    /// Whether another process may have the port too.
    let handsOver: Bool

    /// Accepts what is there, then closes.
    func close() async {
        if handsOver, await refuseNew() {
            try? await Task.sleep(nanoseconds: UInt64(Self.handshakeTime.nanoseconds))
        }
        let closed = channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.execute { closeWhenEmpty(until: .now() + Self.queueTime, closed) }
        try? await closed.futureResult.get()
    }

    private func closeWhenEmpty(until deadline: NIODeadline, _ closed: EventLoopPromise<Void>) {
        guard let options = channel as? any SocketOptionProvider else {
            channel.close(promise: closed)
            return
        }
        // For an accepting socket this is the length of its queue. Nothing comes between the answer and the closing.
        options.getTCPInfo().whenComplete { result in
            guard case .success(let information) = result, information.tcpi_unacked > 0, .now() < deadline else {
                channel.close(promise: closed)
                return
            }
            channel.eventLoop.scheduleTask(in: .microseconds(200)) { closeWhenEmpty(until: deadline, closed) }
        }
    }

    /// Has the kernel drop what would begin a new connection.
    ///
    /// The client sends it again after a second, and then it comes to the other process.
    private func refuseNew() async -> Bool {
        guard let options = channel as? any SocketOptionProvider else { return false }
        do {
            try await options.unsafeSetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_ATTACH_FILTER),
                value: SocketFilter.droppingNewConnections
            ).get()
            return true
        } catch {
            return false
        }
    }
}

/// A classic BPF program (`struct sock_fprog`), which sees TCP segments from their header on.
private struct SocketFilter: Sendable {
    /// `struct sock_filter`.
    private struct Instruction {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var operand: UInt32
    }

    private let count: UInt16
    /// Where the instructions lie for ever: as a number, because a pointer may not go to the event loop.
    private let address: UInt

    private init(_ instructions: [Instruction]) {
        let storage = UnsafeMutableBufferPointer<Instruction>.allocate(capacity: instructions.count)
        _ = storage.initialize(from: instructions)
        count = UInt16(instructions.count)
        address = UInt(bitPattern: storage.baseAddress)
    }

    /// Drops segments with SYN but not ACK, which begin a handshake; those that end one pass.
    static let droppingNewConnections = SocketFilter([
        Instruction(code: 0x30, operand: 13),  // load the byte with the flags
        Instruction(code: 0x54, operand: 0x12),  // keep SYN and ACK
        Instruction(code: 0x15, ifFalse: 1, operand: 0x02),  // SYN alone?
        Instruction(code: 0x06, operand: 0),  // drop
        Instruction(code: 0x06, operand: .max),  // pass
    ])
}
