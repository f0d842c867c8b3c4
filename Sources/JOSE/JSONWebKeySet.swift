/// The keys an issuer publishes (RFC 7517 section 5).
///
/// Keys that cannot be used are left out with their reason. A set in which nothing remains, or in which two verification
/// keys have one `kid`, is refused whole, so that whoever fetched it keeps the last good one: of two such keys neither
/// is known to be the right one, even when only one of them is well-formed.
package struct JSONWebKeySet: Sendable {
    /// Where a document comes from, which decides whether it may hold secrets.
    package enum Provenance: Sendable {
        /// Published for everybody to read: a secret among public keys is no secret, and is refused.
        case published
        /// A file of the operator's own, readable by nobody else: it may hold secrets beside public keys.
        case operatorFile
    }

    /// The longest document read, in bytes.
    package static let maximumByteCount = 256 * 1024
    /// The most entries a set may have.
    package static let maximumKeyCount = 128

    /// The usable keys in the order of the document.
    package let keys: [JSONWebKey]
    /// The entries left out: their place in the document and the reason.
    package let refusals: [(index: Int, reason: KeyRefusal)]

    /// The set of an issuer whose keys are not known yet.
    package static let unknown = JSONWebKeySet()

    private init() {
        keys = []
        refusals = []
    }

    /// A set of the program's own keys.
    ///
    /// - Parameter keys: the keys.
    /// - Throws: `JOSEError` with `duplicateKeyID`.
    package init(keys: [JSONWebKey]) throws(JOSEError) {
        try Self.refuseDuplicates(keys.compactMap(\.keyID))
        self.keys = keys
        refusals = []
    }

    /// Reads a JWK set document.
    ///
    /// - Parameters:
    ///   - json: the document.
    ///   - provenance: where it comes from.
    /// - Throws: `JOSEError`: `malformedKeySet`, `tooManyKeys`, `duplicateKeyID` or `noUsableKey`.
    package init(json: [UInt8], provenance: Provenance = .published) throws(JOSEError) {
        let limits = JSONLimits(
            maximumByteCount: Self.maximumByteCount, maximumDepth: 16, maximumMemberCount: 256)
        guard let document = try? JSONParser(limits: limits).parse(json), let entries = document["keys"]?.array else {
            throw JOSEError(.malformedKeySet)
        }
        guard entries.count <= Self.maximumKeyCount else { throw JOSEError(.tooManyKeys) }
        var keys: [JSONWebKey] = []
        var refusals: [(index: Int, reason: KeyRefusal)] = []
        let isPublished = provenance == .published && entries.contains(where: Self.isKeyPair)
        for (index, entry) in entries.enumerated() {
            do throws(KeyRefusal) {
                let key = try JSONWebKey(json: entry)
                if isPublished, case .symmetric = key.material { throw .secretAmongPublicKeys }
                keys.append(key)
            } catch {
                refusals.append((index, error))
            }
        }
        guard !keys.isEmpty else { throw JOSEError(.noUsableKey, refusal: refusals.first?.reason) }
        let badKeys = refusals.filter { !$0.reason.isOfAnotherPurpose }.map { entries[$0.index] }
        try Self.refuseDuplicates(keys.compactMap(\.keyID) + badKeys.compactMap { $0["kid"]?.string })
        self.keys = keys
        self.refusals = refusals
    }

    /// The document to publish: public keys only, secrets are left out.
    ///
    /// - Parameter keys: the keys, in this order.
    /// - Returns: the JWK set.
    package static func publicJSON(for keys: [JSONWebKey]) -> String {
        JSONWriter.text(of: .object([("keys", .array(keys.compactMap(\.publicJSON)))]))
    }

    private static func refuseDuplicates(_ identifiers: [String]) throws(JOSEError) {
        let distinct = Set(identifiers.map { [UInt8]($0.utf8) })
        guard distinct.count == identifiers.count else { throw JOSEError(.duplicateKeyID) }
    }

    /// A set that holds a key pair's public half is one for everybody to read, whether or not that key is usable.
    private static func isKeyPair(_ entry: JSONValue) -> Bool {
        guard let type = entry["kty"]?.string else { return false }
        return type != "oct"
    }
}
