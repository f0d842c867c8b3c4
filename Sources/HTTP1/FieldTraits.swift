/// What a field is to the gateway: the reasons for which a writer may leave it out.
package struct FieldTraits: OptionSet, Sendable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set from its bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Meant for this connection only (RFC 9110 section 7.6.1), or named in `Connection`.
    package static let hopByHop = FieldTraits(rawValue: 1)
    /// Says where the body ends; written anew for the other side.
    package static let framing = FieldTraits(rawValue: 2)
    /// An `X-Auth-*` field, which only the gateway may set.
    package static let identity = FieldTraits(rawValue: 4)
    /// `Authorization` or `X-API-Key`.
    package static let credential = FieldTraits(rawValue: 8)
    /// `X-Forwarded-*` and its kin, believed only from trusted proxies.
    package static let forwarding = FieldTraits(rawValue: 16)
    /// A spelling with `_`, `.` or the like for `-` of a name that the gateway acts upon.
    package static let lookAlike = FieldTraits(rawValue: 32)
    /// `Host`.
    package static let host = FieldTraits(rawValue: 64)
    /// `X-Request-Id`.
    package static let requestID = FieldTraits(rawValue: 128)

    /// What never goes on to an upstream: all of the above but credentials, which are up to the route, and `Host`.
    ///
    /// Written as bits, because set literals are put together at run time.
    package static let notForwarded = FieldTraits(rawValue: 1 | 2 | 4 | 16 | 32 | 128)
    /// What never goes back to a client.
    package static let notReturned = FieldTraits(rawValue: 1 | 2)

    /// The traits that follow from a name alone.
    @inline(__always)
    static func of(_ name: FieldName) -> FieldTraits {
        switch name {
        case .contentLength, .transferEncoding: .framing
        case .connection, .keepAlive, .proxyConnection, .te, .trailer, .upgrade, .proxyAuthorization,
            .proxyAuthenticate, .http2Settings:
            .hopByHop
        case .identity: .identity
        case .authorization, .apiKey: .credential
        case .forwarded, .forwardedFor, .forwardedProto, .forwardedHost, .realIP, .forwardedMethod, .forwardedURI,
            .originalMethod, .originalURL, .otherForwarding:
            .forwarding
        case .host: .host
        case .requestID: .requestID
        case .other, .expect, .date, .server, .maxForwards, .cookie: []
        }
    }
}
