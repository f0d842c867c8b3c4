import HTTP1
import NIOCore

/// What `/auth/verify` is to check: the policy of the route that the asking proxy names.
enum VerificationPolicy {
    /// Check the credential against this policy; against none but the token itself when `nil`.
    case check(Int?)
    /// The route is public.
    case open
    /// The question itself cannot be answered with yes.
    case refuse(Denial)
}

extension ClientConnection {
    /// Reads the original request from `X-Forwarded-Method`, `-Host`, `-Uri` or `X-Original-Method`, `-URL`.
    ///
    /// Only a trusted proxy is listened to: anybody else could name a route that asks for less.
    func verificationPolicy() -> VerificationPolicy {
        guard peer.isTrusted else { return .check(nil) }
        return exchange.headBytes.withUnsafeReadableBytes { bytes in
            let head = parser.head
            guard namesOneRequest(head) else { return .refuse(Self.noRoute) }
            let forwarded = head.value(of: .forwardedURI, in: bytes)
            guard let given = forwarded ?? head.value(of: .originalURL, in: bytes) else { return .check(nil) }
            let name = head.value(of: forwarded == nil ? .originalMethod : .forwardedMethod, in: bytes)
            // Who speaks of `X-Original-URL` does not set `X-Forwarded-Host`: that would be its client's word.
            let host = forwarded == nil ? nil : head.value(of: .forwardedHost, in: bytes)
            let method = name ?? head.methodRange.bytes(in: bytes)
            var original = RequestHeadParser()
            var text = ByteBuffer()
            text.writeBytes(method)
            text.writeStaticString(" ")
            text.writeBytes(given)
            text.writeStaticString(" HTTP/1.1\r\nHost: ")
            text.writeBytes(host ?? head.authority.bytes(in: bytes))
            text.writeStaticString("\r\n\r\n")
            return text.withUnsafeReadableBytes { policy(of: &original, $0) }
        }
    }

    /// Whether the fields speak in one convention, and once each: a proxy that sets one of the two passes on what its
    /// own client sent of the other.
    private func namesOneRequest(_ head: RequestHead) -> Bool {
        func count(_ name: FieldName) -> Int {
            head.fields.count { $0.name == name && !$0.traits.contains(.lookAlike) }
        }
        let forwarded = [count(.forwardedURI), count(.forwardedMethod)]
        let original = [count(.originalURL), count(.originalMethod)]
        guard forwarded == [0, 0] || original == [0, 0] else { return false }
        return (forwarded + original + [count(.forwardedHost)]).allSatisfy { $0 <= 1 }
    }

    private static var noRoute: Denial {
        Denial(
            Problem(
                status: 403, error: "access_denied", description: "no route of this gateway matches the request"),
            reason: "no_route")
    }

    /// The original request goes through the very parser and table that a forwarded one goes through.
    private func policy(of parser: inout RequestHeadParser, _ bytes: UnsafeRawBufferPointer) -> VerificationPolicy {
        do throws(HTTPViolation) {
            guard try parser.parse(bytes) == .complete, !parser.head.isAsteriskForm,
                parser.head.byteCount == bytes.count
            else { return .refuse(Self.noRoute) }
            let head = parser.head
            guard head.method != .connect, head.method != .trace else { return .refuse(Self.noRoute) }
            let path = try PathNormalizer.normalize(head.path.bytes(in: bytes))
            let match = path.withUnsafeBytes { path in
                serving.configuration.routes.match(
                    authority: head.authority.bytes(in: bytes), path: path, method: head.method,
                    methodName: head.methodRange.bytes(in: bytes))
            }
            guard case .route(let index) = match else { return .refuse(Self.noRoute) }
            let route = serving.configuration.routes.routes[index]
            guard case .upstream = route.destination else { return .refuse(Self.noRoute) }
            return route.policy.map { .check($0) } ?? .open
        } catch {
            return .refuse(Self.noRoute)
        }
    }
}
