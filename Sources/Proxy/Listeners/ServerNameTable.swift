/// Which certificate a client gets that names a server (RFC 6066 section 3).
///
/// An exact name goes before a wildcard, and of several certificates for one name the first is taken. A wildcard stands for
/// exactly one label (RFC 9525 section 6.3).
struct ServerNameTable: Sendable {
    private var exact: [String: Int] = [:]
    private var wildcard: [String: Int] = [:]

    /// - Parameter names: the DNS names of each certificate.
    init(_ names: [[String]]) {
        for (index, names) in names.enumerated() {
            for name in names.map(Self.normalized) {
                if name.hasPrefix("*.") {
                    let rest = String(name.dropFirst(2))
                    if !rest.contains("*"), wildcard[rest] == nil { wildcard[rest] = index }
                } else if !name.contains("*"), exact[name] == nil {
                    exact[name] = index
                }
            }
        }
    }

    /// The certificate for a name; `nil` when there is none for it.
    func index(for serverName: String) -> Int? {
        let name = Self.normalized(serverName)
        if let index = exact[name] { return index }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return wildcard[String(name[name.index(after: dot)...])]
    }

    /// In lower case and without the dot of the root.
    private static func normalized(_ name: String) -> String {
        var bytes = name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if bytes.last == 0x2E { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
