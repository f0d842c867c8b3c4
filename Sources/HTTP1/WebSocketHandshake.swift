/// Recognises the opening handshake of a WebSocket (RFC 6455 section 4), the only upgrade that passes the gateway.
///
/// What is not exactly one is no upgrade at all: its `Upgrade` is ignored (RFC 9110 section 7.8) and never forwarded.
enum WebSocketHandshake {
    /// Whether a request that asks for an upgrade asks for a WebSocket, and for nothing else.
    ///
    /// A request with a body is none: what follows its head must never be taken for both, body and tunnel.
    static func isRequested(by head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard head.asksForUpgrade, head.method == .get, head.framing == .none, namesWebSocket(head.fields, bytes),
            let key = onlyValue("sec-websocket-key", of: head.fields, bytes),
            let version = onlyValue("sec-websocket-version", of: head.fields, bytes)
        else { return false }
        return isKey(key) && version.equals("13")
    }

    /// Whether exactly one `Upgrade` field says exactly `websocket`.
    static func namesWebSocket(_ fields: [HeaderField], _ bytes: UnsafeRawBufferPointer) -> Bool {
        var count = 0
        for field in fields where field.name == .upgrade {
            count &+= 1
            guard !field.traits.contains(.lookAlike), field.value(in: bytes).equalsIgnoringCase("websocket") else {
                return false
            }
        }
        return count == 1
    }

    private static func onlyValue(
        _ name: StaticString, of fields: [HeaderField], _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        for field in fields where field.name(in: bytes).equalsLoosely(name) {
            guard found == nil, field.name(in: bytes).equalsIgnoringCase(name) else { return nil }
            found = field.value(in: bytes)
        }
        return found
    }

    /// Sixteen bytes in base64.
    private static func isKey(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count == 24, value.slice(22, 2).equals("==") else { return false }
        return value.slice(0, 22).allSatisfy {
            $0.isAlphanumericASCII || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
        }
    }
}
