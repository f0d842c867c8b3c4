/// The question about one credential as it is sent to Redis: an `MGET` of the keys that can revoke it and, last, of `epoch`.
///
/// Written straight into bytes, since that is done for every token that is not remembered: by way of names and of hiredis'
/// formatter it took ten times as long. The framing is that of RESP's arrays of bulk strings.
struct DenyListCommand {
    private var bytes: [UInt8] = []
    /// What the mirror looks the same names up by.
    private(set) var digests: [RevocationDigest] = []

    /// - Parameters:
    ///   - targets: what can revoke it.
    ///   - origin: who issued it.
    ///   - keys: the names in Redis.
    init(_ targets: [RevocationTarget], origin: TokenOrigin, keys: RevocationKeys) {
        bytes.reserveCapacity(512)
        digests.reserveCapacity(targets.count)
        append(framing: UInt8(ascii: "*"), targets.count + 2)
        append(bulk: "MGET".utf8)
        for target in targets { append(target, origin, keys) }
        append(bulk: keys.epoch.utf8)
    }

    /// The command, in memory of just its size.
    var exactBytes: [UInt8] { bytes.withUnsafeBytes { Array($0) } }

    private mutating func append(_ target: RevocationTarget, _ origin: TokenOrigin, _ keys: RevocationKeys) {
        let kind = target.kind
        guard kind != .all else {
            append(bulk: keys.allKey.utf8)
            return digests.append(.all)
        }
        let name = target.name
        let isPlain = RevocationKeys.isPlain(name)
        let identifier = isPlain ? name : RevocationKeys.digest(of: name)
        var prefix = ""
        if case .foreign(let namePrefix) = origin { prefix = namePrefix }
        let word = kind.rawValue
        let tail = word.utf8.count + 1 + prefix.utf8.count + identifier.utf8.count
        append(framing: UInt8(ascii: "$"), keys.revokedPrefix.count + tail)
        bytes.append(contentsOf: keys.revokedPrefix)
        bytes.append(contentsOf: word.utf8)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: prefix.utf8)
        bytes.append(contentsOf: identifier.utf8)
        digests.append(
            bytes.withUnsafeBytes { RevocationDigest(name: UnsafeRawBufferPointer(rebasing: $0.suffix(tail))) })
        appendLineEnd()
    }

    private mutating func append(bulk argument: String.UTF8View) {
        append(framing: UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        appendLineEnd()
    }

    private mutating func append(framing mark: UInt8, _ count: Int) {
        bytes.append(mark)
        var scale = 1
        while count / scale >= 10 { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: count / scale % 10))
            scale /= 10
        }
        appendLineEnd()
    }

    private mutating func appendLineEnd() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
