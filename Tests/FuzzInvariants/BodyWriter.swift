import HTTP1
import NIOCore

/// Writes a body as the gateway passes it on.
enum BodyWriter {
    static func write(_ body: [UInt8], trailers: [UInt8], as framing: BodyFraming, to output: inout ByteBuffer) {
        guard framing == .chunked else {
            output.writeBytes(body)
            return
        }
        if !body.isEmpty {
            HeadWriter.writeChunkSize(body.count, to: &output)
            output.writeBytes(body)
            output.writeStaticString("\r\n")
        }
        var end = lastChunk(trailers)
        output.writeBuffer(&end)
    }

    /// The last chunk with those of the trailers that may pass.
    static func lastChunk(_ trailers: [UInt8]) -> ByteBuffer {
        let section = TrailerSection()
        section.append(ByteBuffer(bytes: trailers))
        return section.lastChunk(fieldLimit: 100)
    }
}
