import HTTP1

/// Paths and authorities: one normal form, in which nothing is left that two readers take in two ways.
enum PathInvariants {
    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        if let complaint = authorityComplaint(about: input) { return complaint }
        guard let normal = normalize(input) else { return nil }
        guard normal.withUnsafeBytes(normalize) == normal else {
            return "\(FuzzTarget.text(normal)) is not its own normal form"
        }
        if normal.count > max(1, input.count) { return "\(FuzzTarget.text(normal)) is longer than what was sent" }
        guard normal.first == UInt8(ascii: "/") else { return "\(FuzzTarget.text(normal)) does not begin with a slash" }
        // A backend may decode what is encoded, once; even then there must be nothing to resolve.
        guard let decoded = decoded(normal) else { return "\(FuzzTarget.text(normal)) has a malformed encoding" }
        for reading in [normal, decoded] {
            let segments = reading.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
            for segment in segments where segment == [0x2e] || segment == [0x2e, 0x2e] {
                return "\(FuzzTarget.text(normal)) has a dot segment"
            }
            for segment in segments.dropLast() where segment.isEmpty {
                return "\(FuzzTarget.text(normal)) has an empty segment"
            }
        }
        guard String(validating: decoded, as: UTF8.self) != nil else {
            return "\(FuzzTarget.text(normal)) is not UTF-8"
        }
        let sent = Array(input)
        // Neither can be in a request-target as it stands, and so only an encoding could bring them here.
        if !sent.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") }),
            decoded.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") })
        {
            return "\(FuzzTarget.text(normal)) hides a byte that is refused"
        }
        return normal.contains(UInt8(ascii: ";")) ? "\(FuzzTarget.text(normal)) has a path parameter" : nil
    }

    private static func normalize(_ path: UnsafeRawBufferPointer) -> [UInt8]? {
        do throws(HTTPViolation) { return try PathNormalizer.normalize(path) } catch { return nil }
    }

    private static func authorityComplaint(about input: UnsafeRawBufferPointer) -> String? {
        let isValid = Authority.isValid(input)
        let host = Authority.host(of: input)
        guard isValid else { return nil }
        if host.isEmpty || host.count > input.count { return "\(FuzzTarget.text(input)) has no host" }
        if !Authority.isValid(host) { return "\(FuzzTarget.text(host)) is no host by itself" }
        return Array(Authority.host(of: host)) == Array(host) ? nil : "\(FuzzTarget.text(host)) has two hosts"
    }

    private static func decoded(_ path: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        var rest = path[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            output.append(value)
            rest = rest.dropFirst(2)
        }
        return output
    }
}
