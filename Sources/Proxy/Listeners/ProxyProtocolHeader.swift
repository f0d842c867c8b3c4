import NIOCore

/// What a load balancer says in front of a connection that it passes on: the PROXY protocol, versions 1 and 2
/// (haproxy.org/download/2.9/doc/proxy-protocol.txt).
struct ProxyProtocolHeader: Equatable {
    /// Whom a header speaks of.
    enum Source: Equatable {
        /// Nobody else: the connection is the load balancer's own (`LOCAL`), or it does not know (`UNKNOWN`).
        case connection
        /// A client with this address.
        case client(SocketAddress)
        /// A client on the load balancer's machine, come through a Unix socket.
        case local

        /// A client; one whose address is mapped into IPv6 is an IPv4 one.
        init?(_ address: ClientAddress, port: Int) {
            guard let address = try? SocketAddress(ipAddress: address.text, port: port) else { return nil }
            self = .client(address)
        }
    }

    enum Reading: Equatable {
        /// So far it is the beginning of a header.
        case needMore
        /// A whole header.
        case header(ProxyProtocolHeader)
        /// No header.
        case malformed
    }

    /// The longest header that is read, additions of version 2 included.
    static let byteLimit = 536

    /// Whom it speaks of.
    let source: Source
    /// Its length; after it the client's own bytes begin.
    let byteCount: Int

    /// Reads what stands at the beginning of a connection.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let first = bytes.first else { return .needMore }
        return first == ProxyProtocolV2.signature[0] ? ProxyProtocolV2.read(bytes) : ProxyProtocolV1.read(bytes)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes and the beginning are alike as far as both go.
    fileprivate func agrees(with beginning: [UInt8]) -> Bool {
        zip(self, beginning).allSatisfy(==)
    }
}

/// Version 1: a line of text.
enum ProxyProtocolV1 {
    /// The longest line, its end included.
    private static let byteLimit = 107
    private static let beginning = Array("PROXY ".utf8)

    static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyProtocolHeader.Reading {
        guard bytes.agrees(with: beginning) else { return .malformed }
        guard let end = bytes.prefix(byteLimit).firstIndex(of: 0x0A) else {
            return bytes.count < byteLimit ? .needMore : .malformed
        }
        guard end > beginning.count, bytes[end - 1] == 0x0D else { return .malformed }
        let line = bytes[beginning.count..<(end - 1)]
        guard line.allSatisfy({ (0x20...0x7E).contains($0) }),
            let source = source(String(decoding: line, as: UTF8.self))
        else { return .malformed }
        return .header(ProxyProtocolHeader(source: source, byteCount: end + 1))
    }

    private static func source(_ text: String) -> ProxyProtocolHeader.Source? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        // What follows this word is to be ignored.
        if words[0] == "UNKNOWN" { return .connection }
        guard words.count == 5, let port = port(words[3]), Self.port(words[4]) != nil else { return nil }
        switch words[0] {
        case "TCP4":
            guard !words[1].contains(":"), !words[2].contains(":") else { return nil }
        case "TCP6":
            guard words[1].contains(":"), words[2].contains(":") else { return nil }
        default:
            return nil
        }
        guard let client = ClientAddress(text: words[1]), ClientAddress(text: words[2]) != nil else { return nil }
        return .init(client, port: port)
    }

    private static func port(_ text: String) -> Int? {
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (1...5).contains(text.utf8.count)
        guard isPlain, text == "0" || text.utf8.first != 0x30, let port = Int(text), port <= 65_535 else { return nil }
        return port
    }
}

/// Version 2: binary.
enum ProxyProtocolV2 {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let fixedByteCount = 16

    static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyProtocolHeader.Reading {
        guard bytes.agrees(with: signature) else { return .malformed }
        // Refused as soon as it is seen, so that nobody waits for what cannot become a header.
        if bytes.count > 12, bytes[12] != 0x20, bytes[12] != 0x21 { return .malformed }
        if bytes.count > 13, addressByteCount(of: bytes[13]) == nil { return .malformed }
        guard bytes.count >= fixedByteCount else { return .needMore }
        let byteCount = fixedByteCount + Int(bytes[14]) << 8 + Int(bytes[15])
        guard byteCount <= ProxyProtocolHeader.byteLimit else { return .malformed }
        guard bytes.count >= byteCount else { return .needMore }
        let isLocal = bytes[12] == 0x20
        if isLocal { return .header(ProxyProtocolHeader(source: .connection, byteCount: byteCount)) }
        let content = UnsafeRawBufferPointer(rebasing: bytes[fixedByteCount..<byteCount])
        guard let addressByteCount = addressByteCount(of: bytes[13]), content.count >= addressByteCount,
            additionsAreWhole(content[addressByteCount...]), let source = source(bytes[13], content)
        else { return .malformed }
        return .header(ProxyProtocolHeader(source: source, byteCount: byteCount))
    }

    /// How many bytes the addresses of a family take; `nil` for what cannot be on a stream.
    private static func addressByteCount(of family: UInt8) -> Int? {
        switch family {
        case 0x00: 0
        case 0x11: 12
        case 0x21: 36
        case 0x31: 216
        default: nil
        }
    }

    private static func source(_ family: UInt8, _ content: UnsafeRawBufferPointer) -> ProxyProtocolHeader.Source? {
        func port(at index: Int) -> Int { Int(content[index]) << 8 + Int(content[index + 1]) }
        switch family {
        case 0x11: return ClientAddress(bytes: content[0..<4]).flatMap { .init($0, port: port(at: 8)) }
        case 0x21: return ClientAddress(bytes: content[0..<16]).flatMap { .init($0, port: port(at: 32)) }
        case 0x31: return .local
        default: return .connection
        }
    }

    /// Whether type, length and value follow each other to the very end; what they say is not of interest.
    private static func additionsAreWhole(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let start = rest.startIndex
            guard rest.count >= 3 else { return false }
            let length = Int(rest[start + 1]) << 8 + Int(rest[start + 2])
            guard rest.count >= 3 + length else { return false }
            rest = rest.dropFirst(3 + length)
        }
        return true
    }
}
