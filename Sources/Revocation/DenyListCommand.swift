/// The question about one credential as it is sent to Redis: an `MGET` of the keys that can revoke it and, last, of `epoch`.
///
/// Written straight into bytes, since that is done for every token that is not remembered: by way of names and of hiredis'
/// formatter it took ten times as long. The framing is that of RESP's arrays of bulk strings.
struct DenyListCommand {
    /// The command, in memory of just its size.
    let bytes: [UInt8]
    /// What the mirror looks the same names up by.
    let digests: [RevocationDigest]

    /// - Parameters:
    ///   - targets: what can revoke it.
    ///   - origin: who issued it.
    ///   - keys: the names in Redis.
    init(_ targets: [RevocationTarget], origin: TokenOrigin, keys: RevocationKeys) {
        var digests: [RevocationDigest] = []
        digests.reserveCapacity(targets.count)
        var namePrefix = ""
        if case .foreign(let prefix) = origin { namePrefix = prefix }
        let mostBytes = Self.mostBytes(for: targets, namePrefix: namePrefix, keys: keys)
        // What it takes is known only afterwards, so it is written elsewhere first and copied once.
        bytes = withUnsafeTemporaryAllocation(byteCount: mostBytes, alignment: 1) { buffer in
            var writer = BulkStringWriter(buffer)
            writer.append(framing: UInt8(ascii: "*"), targets.count + 2)
            writer.append(bulk: "MGET")
            for target in targets {
                digests.append(writer.append(target, namePrefix: namePrefix, revokedPrefix: keys.revokedPrefix))
            }
            writer.append(bulk: keys.epoch)
            return [UInt8](writer.written)
        }
        self.digests = digests
    }

    private static func mostBytes(
        for targets: [RevocationTarget], namePrefix: String, keys: RevocationKeys
    ) -> Int {
        // A frame, the word for the kind and a colon.
        let overhead = BulkStringWriter.mostFrameBytes + 8 + keys.revokedPrefix.count + namePrefix.utf8.count
        var count = 3 * BulkStringWriter.mostFrameBytes + 4 + keys.epoch.utf8.count
        for target in targets {
            let plain = min(target.name.utf8.count, RevocationKeys.longestPlainIdentifierBytes)
            count += overhead + max(plain, RevocationKeys.digestBytes)
        }
        return count
    }
}

/// Writes RESP into memory that it is given; more than that holds stops the process.
///
/// No request gets there: `mostBytes` counts each name at the most that is written of it, for a longer one becomes a digest.
private struct BulkStringWriter {
    /// A mark, a count and two line ends.
    static let mostFrameBytes = 25

    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    /// What has been written.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }

    /// Writes the name of the key that holds a target's revocation, and returns the digest of what follows the prefix.
    mutating func append(
        _ target: RevocationTarget, namePrefix: String, revokedPrefix: [UInt8]
    ) -> RevocationDigest {
        let kind = target.kind.rawValue
        guard target.kind != .all else {
            append(framing: UInt8(ascii: "$"), revokedPrefix.count + kind.utf8.count)
            append(revokedPrefix)
            append(kind)
            appendLineEnd()
            return .all
        }
        let name = target.name
        let identifier = RevocationKeys.isPlain(name) ? name : RevocationKeys.digest(of: name)
        let tail = kind.utf8.count + 1 + namePrefix.utf8.count + identifier.utf8.count
        append(framing: UInt8(ascii: "$"), revokedPrefix.count + tail)
        append(revokedPrefix)
        append(kind)
        append(UInt8(ascii: ":"))
        append(namePrefix)
        append(identifier)
        let digest = RevocationDigest(name: UnsafeRawBufferPointer(rebasing: written.suffix(tail)))
        appendLineEnd()
        return digest
    }

    /// Writes a text with its frame.
    mutating func append(bulk text: String) {
        append(framing: UInt8(ascii: "$"), text.utf8.count)
        append(text)
        appendLineEnd()
    }

    /// Writes what stands before a text or a list.
    mutating func append(framing mark: UInt8, _ count: Int) {
        append(mark)
        append(decimal: UInt(bitPattern: count))
        appendLineEnd()
    }

    private mutating func append(decimal number: UInt) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }

    private mutating func append(_ text: String) {
        // Not `withUTF8`, which would have to own the text: that counts references for each of them.
        let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        if isWritten == nil {
            for byte in text.utf8 { append(byte) }
        }
    }

    private mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= buffer.count - count, "a command is longer than was reckoned")
        UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + bytes.count]).copyMemory(from: bytes)
        count += bytes.count
    }

    private mutating func append(_ byte: UInt8) {
        precondition(count < buffer.count, "a command is longer than was reckoned")
        buffer[count] = byte
        count += 1
    }

    private mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
