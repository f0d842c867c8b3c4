import JOSE
import Revocation

/// What the manifest of a key directory says: which keys there are and when each begins its work.
struct KeyManifest: Sendable, Equatable {
    /// The version this program reads and writes.
    static let version: Int64 = 2
    /// How many keys of each kind there may be.
    static let maximumKeys = 64
    /// The end of the year 9999, beyond which no instant is believed.
    private static let latestSeconds: Int64 = 253_402_300_799

    /// A key that signs access tokens.
    struct SigningKey: Sendable, Equatable {
        /// The thumbprint (RFC 7638), which is also the file's name.
        let keyID: String
        let algorithm: SignatureAlgorithm
        /// Since when it is published, seconds since 1970.
        let createdSeconds: Int64
        /// When it begins to sign; `nil` while nobody has said so.
        var activatesSeconds: Int64?
    }

    /// A key that refresh tokens are derived with.
    struct RefreshKey: Sendable, Equatable {
        let keyID: RefreshKeyID
        let createdSeconds: Int64
        var activatesSeconds: Int64
    }

    var signing: [SigningKey]
    var refresh: [RefreshKey]

    init(signing: [SigningKey], refresh: [RefreshKey]) {
        self.signing = signing
        self.refresh = refresh
    }

    func signingSchedule(_ timing: KeyTiming) -> KeySchedule {
        KeySchedule(activations: signing.map(\.activatesSeconds), retentionSeconds: timing.signingRetentionSeconds)
    }

    func refreshSchedule(_ timing: KeyTiming) -> KeySchedule {
        KeySchedule(activations: refresh.map(\.activatesSeconds), retentionSeconds: timing.refreshRetentionSeconds)
    }

    /// Reads a manifest; `nil` for anything but what ``json`` writes, member by member.
    init?(json: [UInt8]) {
        guard
            let document = try? JSONParser().parse(json),
            Self.names(document) == ["version", "signing", "refresh"],
            document["version"]?.number?.int64 == Self.version,
            let signingValues = document["signing"]?.array,
            let refreshValues = document["refresh"]?.array,
            (1...Self.maximumKeys).contains(signingValues.count),
            (1...Self.maximumKeys).contains(refreshValues.count)
        else { return nil }
        let signing = signingValues.compactMap(Self.signingKey)
        let refresh = refreshValues.compactMap(Self.refreshKey)
        guard signing.count == signingValues.count, refresh.count == refreshValues.count,
            Set(signing.map(\.keyID)).count == signing.count, Set(refresh.map(\.keyID)).count == refresh.count,
            signing.contains(where: { $0.activatesSeconds != nil })
        else { return nil }
        self.init(signing: signing, refresh: refresh)
    }

    /// The manifest as it is written.
    var json: [UInt8] {
        let signing = signing.map { key in
            JSONValue.object([
                ("kid", .string(key.keyID)), ("algorithm", .string(key.algorithm.rawValue)),
                ("created", .integer(key.createdSeconds)),
                ("activates", key.activatesSeconds.map { .integer($0) } ?? .null),
            ])
        }
        let refresh = refresh.map { key in
            JSONValue.object([
                ("id", .string(key.keyID.text)), ("created", .integer(key.createdSeconds)),
                ("activates", .integer(key.activatesSeconds)),
            ])
        }
        return JSONWriter.bytes(
            of: .object([
                ("version", .integer(Self.version)), ("signing", .array(signing)), ("refresh", .array(refresh)),
            ])) + [UInt8(ascii: "\n")]
    }

    private static func signingKey(_ value: JSONValue) -> SigningKey? {
        guard
            names(value) == ["kid", "algorithm", "created", "activates"],
            let keyID = value["kid"]?.string, isThumbprint(keyID),
            let algorithm = value["algorithm"]?.string.flatMap({ SignatureAlgorithm(rawValue: $0) }),
            let created = instant(value["created"]),
            let activates = value["activates"]
        else { return nil }
        if activates == .null {
            return SigningKey(keyID: keyID, algorithm: algorithm, createdSeconds: created, activatesSeconds: nil)
        }
        guard let seconds = instant(activates) else { return nil }
        return SigningKey(keyID: keyID, algorithm: algorithm, createdSeconds: created, activatesSeconds: seconds)
    }

    private static func refreshKey(_ value: JSONValue) -> RefreshKey? {
        guard
            names(value) == ["id", "created", "activates"],
            let keyID = value["id"]?.string.flatMap(RefreshKeyID.init(text:)),
            let created = instant(value["created"]),
            let activates = instant(value["activates"])
        else { return nil }
        return RefreshKey(keyID: keyID, createdSeconds: created, activatesSeconds: activates)
    }

    private static func names(_ value: JSONValue) -> Set<String> {
        Set(value.object?.members.map(\.name) ?? [])
    }

    private static func instant(_ value: JSONValue?) -> Int64? {
        guard let seconds = value?.number?.int64, (0...latestSeconds).contains(seconds) else { return nil }
        return seconds
    }

    /// A SHA-256 in base64url: nothing that could name a file elsewhere.
    static func isThumbprint(_ text: String) -> Bool {
        Base64URL.decode(text)?.count == 32
    }
}
