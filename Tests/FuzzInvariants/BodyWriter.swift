import HTTP1
import NIOCore

/// Writes a body as the gateway passes it on.
enum BodyWriter {
    static func write(_ body: [UInt8], as framing: BodyFraming, to output: inout ByteBuffer) {
        guard framing == .chunked else {
            output.writeBytes(body)
            return
        }
        if !body.isEmpty {
            HeadWriter.writeChunkSize(body.count, to: &output)
            output.writeBytes(body)
            output.writeStaticString("\r\n")
        }
        output.writeStaticString("0\r\n\r\n")
    }
}
