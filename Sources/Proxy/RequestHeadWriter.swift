import HTTP1
import NIOCore

/// Writes the head that goes to the upstream: what the client sent, less what only the gateway may say, plus that.
struct RequestHeadWriter {
    let head: RequestHead
    let route: Route
    let peer: ClientPeer
    let requestID: RequestID
    let identity: Identity?
    /// The path in its normal form, where the client sent another.
    let normalizedPath: [UInt8]?
    /// The `Host` for a client that sent none.
    let targetAuthority: String
    /// What stays behind of `Cookie`.
    var withheldCookie: WithheldCookie?
    /// What is measured of the request, where it is traced.
    var trace: RequestTrace?

    func write(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        writeRequestLine(bytes, to: &output)
        let fields = if let trace { trace.fields(of: head, bytes) } else { head.fields }
        if let withheldCookie {
            withheldCookie.copyFields(fields, of: bytes, dropping: dropping, to: &output)
        } else {
            HeadWriter.copyFields(fields, of: bytes, dropping: dropping, to: &output)
        }
        if dropsHost {
            output.writeStaticString("Host: ")
            if head.authority.count > 0 {
                output.writeBytes(head.authority.bytes(in: bytes))
            } else {
                output.writeString(targetAuthority)
            }
            output.writeStaticString("\r\n")
        }
        writeForwarding(bytes, to: &output)
        output.writeStaticString("X-Request-Id: ")
        requestID.write(to: &output)
        // RFC 9110 section 7.6.3: behind whatever `Via` the client's own proxies wrote.
        output.writeStaticString(
            head.minorVersion == 1 ? "\r\nVia: 1.1 portcullis\r\n" : "\r\nVia: 1.0 portcullis\r\n")
        if let trace {
            output.writeStaticString("traceparent: ")
            trace.upstreamPlace.write(to: &output)
            output.writeStaticString("\r\n")
        }
        if let identity = identity { output.writeBytes(identity.headerLines) }
        HeadWriter.writeFraming(head.framing, to: &output)
        if head.framing == .chunked { HeadWriter.copyTrailerFields(head.fields, of: bytes, to: &output) }
        writeConnection(to: &output)
        output.writeStaticString("\r\n")
    }

    /// What this hop says to the next on its own account.
    private func writeConnection(to output: inout ByteBuffer) {
        if let maxForwards = head.maxForwards, maxForwards > 0 {
            output.writeStaticString("Max-Forwards: ")
            HeadWriter.writeDecimal(Int(maxForwards) - 1, to: &output)
            output.writeStaticString("\r\n")
        }
        if head.asksForWebSocket {
            output.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        } else if head.acceptsTrailers {
            output.writeStaticString("Connection: TE\r\nTE: trailers\r\n")
        }
    }

    /// `Host` is copied in its place when it says the same as the request-target; else it is written anew.
    private var dropsHost: Bool {
        head.authority.count == 0 || head.authority.offset < head.target.offset &+ head.target.count
    }

    private var dropping: FieldTraits {
        var traits = FieldTraits.notForwarded
        if !route.forwardsCredentials { traits.insert(.credential) }
        if dropsHost { traits.insert(.host) }
        return traits
    }

    private func writeRequestLine(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        let target = head.target
        if head.pathIsPlain, !route.stripsPrefix, head.path.offset == target.offset, head.minorVersion == 1 {
            let start = head.methodRange.offset
            output.writeBytes(bytes.slice(start, target.offset &+ target.count &+ 11 &- start))
            return
        }
        output.writeBytes(head.methodRange.bytes(in: bytes))
        output.writeStaticString(" ")
        if head.isAsteriskForm {
            output.writeStaticString("*")
        } else if let path = normalizedPath {
            path.withUnsafeBytes { writePath($0, to: &output) }
        } else {
            writePath(head.path.bytes(in: bytes), to: &output)
        }
        output.writeBytes(head.query.bytes(in: bytes))
        output.writeStaticString(" HTTP/1.1\r\n")
    }

    private func writePath(_ path: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        var rest = path
        if route.stripsPrefix {
            var prefix = route.path.utf8.count
            if route.path.hasSuffix("/") { prefix -= 1 }
            rest = path.slice(prefix, path.count)
        }
        if rest.isEmpty { output.writeStaticString("/") } else { output.writeBytes(rest) }
    }

    private func writeForwarding(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        guard peer.isTrusted else {
            output.writeBytes(peer.forwardedLines)
            writeField("X-Forwarded-Host: ", head.authority.bytes(in: bytes), to: &output)
            return
        }
        // A trusted proxy in front: its chain is kept and lengthened by its own address.
        output.writeStaticString("X-Forwarded-For: ")
        for field in head.fields where field.name == .forwardedFor && !field.traits.contains(.lookAlike) {
            output.writeBytes(field.value(in: bytes))
            output.writeStaticString(", ")
        }
        output.writeString(peer.address)
        output.writeStaticString("\r\n")
        let scheme = head.value(of: .forwardedProto, in: bytes)
        if let scheme, scheme.equalsIgnoringCase("https") || scheme.equalsIgnoringCase("http") {
            writeField("X-Forwarded-Proto: ", scheme, to: &output)
        } else {
            output.writeBytes(peer.protocolLine)
        }
        let host = head.value(of: .forwardedHost, in: bytes)
        writeField("X-Forwarded-Host: ", host ?? head.authority.bytes(in: bytes), to: &output)
    }

    private func writeField(_ name: StaticString, _ value: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        guard !value.isEmpty else { return }
        output.writeStaticString(name)
        output.writeBytes(value)
        output.writeStaticString("\r\n")
    }
}
