import Testing

@testable import GatewayConfiguration

@Suite("Formats of values")
struct FormatTests {
    @Test(
        "durations",
        arguments: [
            ("0", 0), ("250ms", 250), ("10s", 10_000), ("15m", 900_000), ("1h", 3_600_000), ("14d", 1_209_600_000),
            ("0s", 0),
        ] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) {
        #expect(DurationText.milliseconds(text) == milliseconds)
        #expect(DurationText.milliseconds(DurationText.text(milliseconds: milliseconds)) == milliseconds)
    }

    @Test(
        "what is no duration",
        arguments: [
            "", "1", "s", "10 s", "010s", "-1s", "+1s", "1.5s", "1h30m", "10S", "10sec", "1w", "1d1", "٣s", "1\u{301}s",
            "999999999999d", "99999999999999999999s",
        ])
    func badDurations(text: String) {
        #expect(DurationText.milliseconds(text) == nil)
    }

    @Test(
        "sizes",
        arguments: [("0", 0), ("4096", 4096), ("16KiB", 16_384), ("10MiB", 10_485_760), ("1GiB", 1 << 30)]
            as [(String, Int64)])
    func sizes(text: String, bytes: Int64) {
        #expect(SizeText.bytes(text) == bytes)
        #expect(SizeText.bytes(SizeText.text(bytes: bytes)) == bytes)
    }

    @Test(
        "what is no size",
        arguments: ["", "KiB", "1KB", "1k", "1 KiB", "01", "-1", "1.5MiB", "1kib", "999999999999999GiB", "1TiB"])
    func badSizes(text: String) {
        #expect(SizeText.bytes(text) == nil)
    }

    @Test("an origin is written as browsers write it")
    func origins() throws {
        for text in [
            "https://app.example", "http://localhost:3000", "https://[2001:db8::1]:8443", "http://127.0.0.1",
            "https://app.example:80",
        ] {
            #expect(try OriginText.parse(text) == text)
        }
        for (text, suggestion) in [
            ("https://App.Example", "https://app.example"), ("HTTPS://app.example", "https://app.example"),
            ("https://app.example/", "https://app.example"), ("https://app.example:443", "https://app.example"),
            ("http://app.example:80/", "http://app.example"), ("https://app.example:0443", "https://app.example:443"),
        ] {
            let mismatch = #expect(throws: SettingMismatch.self, "\(text)") { try OriginText.parse(text) }
            if !text.contains("0443") { #expect(mismatch?.suggestion == suggestion) }
        }
        for text in [
            "*", "null", "app.example", "https://", "https://*.app.example", "ftp://app.example", "https://a/b",
            "https://a?b", "https://u@a", "https://a:", "https://a:99999", "https://a b", "https://a,https://b",
        ] {
            #expect(throws: SettingMismatch.self, "\(text)") { try OriginText.parse(text) }
        }
    }

    @Test("host names are lower-cased; addresses are complete")
    func hostNames() throws {
        for (text, name) in [
            ("API.Example", "api.example"), ("127.0.0.1", "127.0.0.1"), ("a_b", "a_b"), ("1a.2", "1a.2"),
        ] {
            #expect(try HostName.parse(text) == name)
        }
        let long = String(repeating: "a", count: 64)
        let refused = [
            "", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "*.example", "a:80", "1.2.3", "1.2.3.256", "01.2.3.4",
            "é.example",
            "\u{212A}", "a/b", "[::1]", long, Array(repeating: "abcdefg", count: 40).joined(separator: "."),
        ]
        for text in refused {
            #expect(throws: SettingMismatch.self, "\(text)") { try HostName.parse(text) }
        }
    }

    @Test("listen addresses")
    func listenAddresses() throws {
        let accepted: [(String, String, Int)] = [
            ("0.0.0.0:8080", "0.0.0.0", 8080), ("[::1]:1", "::1", 1), ("[2001:DB8::1]:65535", "2001:db8::1", 65_535),
            ("localhost:0", "localhost", 0),
        ]
        for (text, host, port) in accepted {
            #expect(try Configuration.ListenAddress(text: text) == .init(host: host, port: port))
        }
        for text in [
            "", ":8080", "*:80", "a", "a:", "a:65536", "a:080", "a:-1", "a:8 0", "::1:80", "[::1]", "[::1", "[a]:1",
            "[::1]80", "[fe80::1%eth0]:1", "http://a:1", "a:1/",
        ] {
            let error = #expect(throws: SettingMismatch.self, "\(text)") { try Configuration.ListenAddress(text: text) }
            #expect(error?.isLaterFeature == false)
        }
        #expect(
            throws: SettingMismatch(
                "an address such as 0.0.0.0:8080, [::1]:8080 or localhost:8080", suggestion: "0.0.0.0:80")
        ) {
            try Configuration.ListenAddress(text: ":80")
        }
        #expect(throws: SettingMismatch.self) { try Configuration.ListenAddress(text: "unix:/run/x") }
    }

    @Test("URLs of targets")
    func targets() throws {
        #expect(try Configuration.Target(url: "http://a:9000") == .init(host: "a", port: 9000))
        #expect(try Configuration.Target(url: "http://[::1]:9") == .init(host: "::1", port: 9))
        #expect(try Configuration.Target(url: "http://a") == .init(host: "a", port: 80))
        #expect(
            try Configuration.Target(url: "https://a")
                == .init(address: .network(host: "a", port: 443), usesTLS: true))
        #expect(
            try Configuration.Target(url: "https://[::1]:8443")
                == .init(address: .network(host: "::1", port: 8443), usesTLS: true))
        #expect(
            try Configuration.Target(url: "unix:/run/a b.sock") == .init(address: .socket(path: "/run/a b.sock")))
        for text in [
            "http://", "http:/a", "http://a:0", "http://a/", "http://a/b", "http://u@a", "http://a?b", "http://a#b",
            "HTTP://a", "ftp://a", "a:1", "http://a:1:2", "https://", "https://a:0", "https://a/b", "https:a", "unix:",
            "unix:/", "unix:a", "unix://a", "unix:/" + String(repeating: "a", count: 107), "http+unix:/a", "h2c://a",
        ] {
            let error = #expect(throws: SettingMismatch.self, "\(text)") { try Configuration.Target(url: text) }
            #expect(error?.isLaterFeature == false)
        }
    }

    @Test("ranges of addresses hold what is in them")
    func addressRanges() throws {
        let private10 = try Configuration.AddressRange(text: "10.0.0.0/8")
        #expect(private10.contains([10, 255, 0, 1]) && !private10.contains([11, 0, 0, 0]))
        let odd = try Configuration.AddressRange(text: "192.168.128.0/17")
        #expect(odd.contains([192, 168, 255, 255]) && !odd.contains([192, 168, 127, 255]))
        let all = try Configuration.AddressRange(text: "0.0.0.0/0")
        #expect(
            all.contains([255, 255, 255, 255]) && !all.contains([UInt8](repeating: 0, count: 16)) && !all.contains([]))
        let one = try Configuration.AddressRange(text: "::1/128")
        #expect(one.contains([UInt8](repeating: 0, count: 15) + [1]) && !one.contains([UInt8](repeating: 0, count: 16)))
        let refused = [
            "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0/8", "::/129",
            "::1/64", "::ffff:10.0.0.0/104", "a/8", "10.0.0.0/8/8",
        ]
        for text in refused {
            #expect(throws: SettingMismatch.self, "\(text)") { try Configuration.AddressRange(text: text) }
        }
    }

    @Test("paths of routes have one spelling")
    func routePaths() throws {
        for text in [
            "/", "/api/", "/api", "/a-b_c.d~e", "/a;b=1,2", "/%C3%A9", "/a%20b", "/@:!$&'()+", "/...",
            "/.well-known/x",
        ] {
            #expect(try RoutePath.parse(text) == text)
        }
        let refused = [
            "", "api", "//", "/a//b", "//a", "/.", "/..", "/a/../b", "/a/./b", "/a/..", "/a?b", "/a#b", "/a b", "/é",
            "/a\\b", "/%2F",
            "/%2f", "/%5C", "/%00", "/%7F", "/%25", "/%61", "/%2E%2E", "/%c3%a9", "/%", "/%4", "/%GG", "/a\"", "/{x}",
            "/<", "/a^", "/api/*", "/a*b",
            "/" + String(repeating: "a", count: 2048),
        ]
        for text in refused {
            #expect(throws: SettingMismatch.self, "\(text)") { try RoutePath.parse(text) }
        }
    }

    @Test("methods are tokens, and case matters")
    func methods() throws {
        for text in ["GET", "PROPFIND", "M-SEARCH", "purge"] {
            #expect(try MethodName.parse(text) == text)
        }
        for text in [
            "", "get", "Post", "CONNECT", "connect", "A B", "A,B", "GET\u{212A}", "a/b",
            String(repeating: "A", count: 33),
        ] {
            #expect(throws: SettingMismatch.self, "\(text)") { try MethodName.parse(text) }
        }
    }

    @Test("scopes, audiences and issuers")
    func claims() throws {
        for text in ["analytics:read", "a", "!#[]~"] {
            #expect(try ClaimText.scope(text) == text)
        }
        for text in ["", "a b", "\"", "\\", "é", "a\u{7F}"] {
            #expect(throws: SettingMismatch.self, "\(text)") { try ClaimText.scope(text) }
        }
        for text in ["api", "https://a/b?c", "urn:x:y"] {
            #expect(try ClaimText.stringOrURI(text) == text)
        }
        for text in ["", "a b", ":x", "1:x", "é"] {
            #expect(throws: SettingMismatch.self, "\(text)") { try ClaimText.stringOrURI(text) }
        }
        for text in ["https://auth.example", "http://localhost:8080", "https://a/tenant"] {
            #expect(try ClaimText.ownIssuer(text) == text)
        }
        for text in [
            "auth", "https://", "https://a?b", "https://a#b", "https://u@a", "https://a/b?c", "ftp://a", "https:///a",
        ] {
            #expect(throws: SettingMismatch.self, "\(text)") { try ClaimText.ownIssuer(text) }
        }
    }

    @Test("misspelt words find the word that was meant, strange ones find none")
    func suggestions() {
        let keys = ["upstreams", "routes", "redis", "key_prefix", "url"]
        #expect(EditDistance.nearest(to: "upstrems", among: keys) == "upstreams")
        #expect(EditDistance.nearest(to: "rotues", among: keys) == "routes")
        #expect(EditDistance.nearest(to: "keyPrefix", among: keys) == "key_prefix")
        #expect(EditDistance.nearest(to: "uri", among: keys) == "url")
        #expect(EditDistance.nearest(to: "dsn", among: keys) == nil)
        #expect(EditDistance.nearest(to: "", among: keys) == nil)
        #expect(EditDistance.nearest(to: "x", among: []) == nil)
        #expect(EditDistance.nearest(to: String(repeating: "x", count: 65), among: keys) == nil)
    }

    @Test("relative paths start from the folder of the file")
    func filePaths() {
        #expect(FilePath.absolute("./keys", in: "/etc/p") == "/etc/p/keys")
        #expect(FilePath.absolute("../keys/", in: "/etc/p") == "/etc/p/../keys")
        #expect(FilePath.absolute("/var//keys", in: "/etc/p") == "/var/keys")
        #expect(FilePath.folder(of: "p.yaml", currentFolder: "/home/u") == "/home/u")
        #expect(FilePath.folder(of: "/p.yaml", currentFolder: "/home/u") == "/")
        #expect(FilePath.folder(of: "a/p.yaml", currentFolder: "/") == "/a")
    }
}
