import HTTP1
import NIOCore

/// HTTP/2 with prior knowledge (RFC 9113 section 3.3): the first line of its preface is an HTTP request line of a
/// version that is not spoken here, so it is found where that is refused, and costs nobody else a look.
extension ClientConnection: RemovableChannelHandler {
    private static let prefaceLine: StaticString = "PRI * HTTP/2.0\r\n"

    /// Hands the connection over to HTTP/2 if it begins with the preface.
    ///
    /// - Returns: whether it did; this handler then has nothing to do with the connection any more.
    func becomesHTTP2() -> Bool {
        let isPreface = input.withUnsafeReadableBytes {
            $0.slice(0, Self.prefaceLine.utf8CodeUnitCount).equals(Self.prefaceLine)
        }
        guard isPreface, transport.acceptsPreface, let channel = context?.channel else { return false }
        let received = input
        let pipeline = channel.pipeline
        let place = leave()
        pipeline.syncOperations.removeHandler(self, promise: nil)
        do {
            try HTTP2Pipeline.configure(channel, loop: loop, peer: peer, place: place)
            pipeline.fireChannelRead(received)
        } catch {
            place?.giveUp(on: loop)
            channel.close(promise: nil)
        }
        return true
    }
}
