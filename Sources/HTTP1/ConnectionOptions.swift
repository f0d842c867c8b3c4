/// Reads `Connection` fields (RFC 9112 section 9.1) and marks the fields they name as hop-by-hop.
struct ConnectionOptions {
    /// The most options in all `Connection` fields of one head; each is compared with every field.
    static let largestCount = 32

    private(set) var close = false
    private(set) var keepAlive = false
    private(set) var upgrade = false
    /// Whether a field is named that would have gone on otherwise.
    private(set) var nominatesFields = false
    private var count = 0

    /// Takes in one `Connection` value.
    ///
    /// Framing fields, `Host`, credentials and gateway fields may not be named: a client that asks a proxy to drop
    /// them is after a message that the two sides read differently.
    mutating func apply(
        _ value: UnsafeRawBufferPointer, to fields: inout [HeaderField], of head: UnsafeRawBufferPointer
    ) throws(HTTPViolation) {
        var start = 0
        while start <= value.count {
            let end = value.firstIndex(of: UInt8(ascii: ","), from: start) ?? value.count
            let option = value.slice(start, end &- start).trimmingWhitespace
            start = end &+ 1
            if option.isEmpty { continue }
            count &+= 1
            guard count <= Self.largestCount else { throw .invalidConnection }
            for byte in option where !CharacterSet.isToken(byte) { throw .invalidConnection }
            if option.equalsIgnoringCase("close") {
                close = true
            } else if option.equalsIgnoringCase("keep-alive") {
                keepAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                upgrade = true
            } else {
                try nominate(option, in: &fields, of: head)
            }
        }
    }

    private mutating func nominate(
        _ option: UnsafeRawBufferPointer, in fields: inout [HeaderField], of head: UnsafeRawBufferPointer
    ) throws(HTTPViolation) {
        let (name, _) = FieldName.recognise(option)
        let traits = FieldTraits.of(name)
        guard traits.isDisjoint(with: [.framing, .host]) else { throw .invalidConnection }
        if !traits.contains(.hopByHop) { nominatesFields = true }
        // Credentials are judged by the gateway and its own fields are written after this, so neither can be dropped
        // by being named here.
        guard traits.isDisjoint(with: [.credential, .identity, .forwarding, .requestID]) else { return }
        for index in fields.indices where fields[index].nameLength == option.count {
            if Self.equalNames(fields[index].name(in: head), option) {
                fields[index].traits.insert(.hopByHop)
            }
        }
    }

    private static func equalNames(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index].lowercasedASCII != right[index].lowercasedASCII {
            return false
        }
        return true
    }
}
