import HTTP1
import NIOCore

/// What `/auth/verify` and `/auth/ext-authz/` are to check: the policy of the route that the asking proxy names.
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
            return policy(
                method: name ?? head.methodRange.bytes(in: bytes), target: given,
                host: host ?? head.authority.bytes(in: bytes))
        }
    }

    /// Reads the original request from the request's own method and host, and its path below the route's.
    func pathVerificationPolicy(of route: Route) -> VerificationPolicy {
        guard peer.isTrusted else { return .check(nil) }
        // What follows the route's path begins with the slash that ends it.
        let skipped = route.path.utf8.count - 1
        return exchange.headBytes.withUnsafeReadableBytes { bytes in
            let head = parser.head
            let method = head.methodRange.bytes(in: bytes)
            let host = head.authority.bytes(in: bytes)
            guard let path = exchange.normalizedPath else {
                let target = UnsafeRawBufferPointer(rebasing: head.path.bytes(in: bytes).dropFirst(skipped))
                return policy(method: method, target: target, host: host)
            }
            return path.withUnsafeBytes {
                policy(method: method, target: UnsafeRawBufferPointer(rebasing: $0.dropFirst(skipped)), host: host)
            }
        }
    }

    /// Whether a question below ``Route/Destination/verifyPath`` came, by dot segments, to a route that is no question.
    ///
    /// Its answer would be taken for a yes.
    func leavesVerification(_ match: RouteTable.Match, path: UnsafeRawBufferPointer) -> Bool {
        guard case .route(let index) = match else { return false }
        let routes = serving.configuration.routes.routes
        guard routes[index].destination != .verifyPath else { return false }
        return routes.contains { $0.destination == .verifyPath && path.starts(with: $0.path.utf8) }
    }

    private func policy(
        method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer
    ) -> VerificationPolicy {
        var original = RequestHeadParser()
        var text = ByteBuffer()
        text.writeBytes(method)
        text.writeStaticString(" ")
        text.writeBytes(target)
        text.writeStaticString(" HTTP/1.1\r\nHost: ")
        text.writeBytes(host)
        text.writeStaticString("\r\n\r\n")
        return text.withUnsafeReadableBytes { policy(of: &original, $0) }
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
