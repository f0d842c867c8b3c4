import JOSE

/// What the manifest of a key directory says: which keys there are and which one signs.
struct KeyManifest: Sendable, Equatable {
    /// The version this program reads and writes.
    static let version: Int64 = 1
    /// How many previous keys may be kept for verifying.
    static let maximumPreviousKeys = 16

    struct Key: Sendable, Equatable {
        /// The thumbprint (RFC 7638), which is also the file's name.
        let keyID: String
        let algorithm: SignatureAlgorithm
        /// Seconds since 1970.
        let createdSeconds: Int64
    }

    var current: Key
    var next: Key?
    /// The latest first.
    var previous: [Key]

    /// Every key: the current, the next, the previous.
    var keys: [Key] { [current] + (next.map { [$0] } ?? []) + previous }

    init(current: Key, next: Key? = nil, previous: [Key] = []) {
        self.current = current
        self.next = next
        self.previous = previous
    }

    /// Reads a manifest; `nil` for anything but what ``json`` writes, member by member.
    init?(json: [UInt8]) {
        guard
            let document = try? JSONParser().parse(json),
            let object = document.object,
            Set(object.members.map(\.name)) == ["version", "current", "next", "previous"],
            document["version"]?.number?.int64 == Self.version,
            let current = document["current"].flatMap(Self.key),
            let nextValue = document["next"],
            let previousValues = document["previous"]?.array,
            previousValues.count <= Self.maximumPreviousKeys
        else { return nil }
        let next = Self.key(nextValue)
        let previous = previousValues.compactMap(Self.key)
        guard nextValue == .null || next != nil, previous.count == previousValues.count else { return nil }
        self.init(current: current, next: next, previous: previous)
        guard Set(keys.map(\.keyID)).count == keys.count else { return nil }
    }

    /// The manifest as it is written.
    var json: [UInt8] {
        JSONWriter.bytes(
            of: .object([
                ("version", .integer(Self.version)),
                ("current", Self.json(current)),
                ("next", next.map(Self.json) ?? .null),
                ("previous", .array(previous.map(Self.json))),
            ])
        ) + [UInt8(ascii: "\n")]
    }

    private static func key(_ value: JSONValue) -> Key? {
        guard
            let object = value.object,
            Set(object.members.map(\.name)) == ["kid", "algorithm", "created"],
            let keyID = value["kid"]?.string,
            isThumbprint(keyID),
            let algorithm = value["algorithm"]?.string.flatMap({ SignatureAlgorithm(rawValue: $0) }),
            let created = value["created"]?.number?.int64
        else { return nil }
        return Key(keyID: keyID, algorithm: algorithm, createdSeconds: created)
    }

    /// A SHA-256 in base64url: nothing that could name a file elsewhere.
    private static func isThumbprint(_ text: String) -> Bool {
        Base64URL.decode(text)?.count == 32
    }

    private static func json(_ key: Key) -> JSONValue {
        .object([
            ("kid", .string(key.keyID)),
            ("algorithm", .string(key.algorithm.rawValue)),
            ("created", .integer(key.createdSeconds)),
        ])
    }
}
