import NIOCore

/// Splits what a client sends into commands and carries out what the test decides about each.
final class FakeRedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let number: Int
    private let onConnect: [FakeRedisServer.Step]
    private let answersHandshake: Bool
    private let behaviour: FakeRedisServer.Behaviour
    private var received = ByteBuffer()

    init(
        number: Int,
        onConnect: [FakeRedisServer.Step],
        answersHandshake: Bool,
        behaviour: @escaping FakeRedisServer.Behaviour
    ) {
        self.number = number
        self.onConnect = onConnect
        self.answersHandshake = answersHandshake
        self.behaviour = behaviour
    }

    func channelActive(context: ChannelHandlerContext) {
        perform(onConnect, context: context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        while let command = nextCommand() {
            if answersHandshake, command.starts(with: ["CLIENT", "SETNAME"]) {
                perform([.send("+OK\r\n")], context: context)
            } else if answersHandshake, command == ["PING"] {
                perform([.send("+PONG\r\n")], context: context)
            } else {
                perform(behaviour(FakeRedisServer.Request(connection: number, command: command)), context: context)
            }
        }
    }

    private func perform(_ steps: [FakeRedisServer.Step], context: ChannelHandlerContext) {
        for step in steps {
            switch step {
            case .send(let text): write(Array(text.utf8), context: context)
            case .sendBytes(let bytes): write(bytes, context: context)
            case .sendSplit(let text): text.utf8.forEach { write([$0], context: context) }
            case .sendLater(let text, let milliseconds):
                let channel = context.channel
                context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                    channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                }
            case .close: context.close(promise: nil)
            }
        }
    }

    private func write(_ bytes: [UInt8], context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    /// The next whole command: an array of bulk strings, as well-behaved clients send it.
    private func nextCommand() -> [String]? {
        var rest = received
        guard let count = readNumber(after: "*", from: &rest) else { return nil }
        var command: [String] = []
        for _ in 0..<count {
            guard let length = readNumber(after: "$", from: &rest),
                let text = rest.readString(length: length), rest.readSlice(length: 2) != nil
            else { return nil }
            command.append(text)
        }
        received = rest
        return command
    }

    private func readNumber(after mark: Character, from buffer: inout ByteBuffer) -> Int? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readString(length: end - buffer.readerIndex + 1),
            line.first == mark
        else { return nil }
        return Int(line.dropFirst().dropLast())
    }
}
