import Testing

@testable import GatewayConfiguration

@Suite("Listeners")
struct ListenerTests {
    private func listeners(_ text: String, _ more: String = "") throws -> [Configuration.PublicListener] {
        try Fixture.load(Fixture.with("listeners: {public: \(text)}\n\(more)")).listeners.publicListeners
    }

    private func lines(_ text: String, _ more: String = "") -> [String] {
        Fixture.problems(Fixture.with("listeners: {public: \(text)}\n\(more)")).map { "\($0.code) \($0.keyPath)" }
    }

    @Test("one is a mapping, several are a list, and each knows where it is written")
    func several() throws {
        let list = try listeners(
            """
            [{}, {address: "[::]:8080"}, {address: "unix:run/public.sock", mode: "0600"},
             {address: "10.0.0.1:443", proxy_protocol: true, tls: {certificate: a.crt, private_key: /k/a.key}}]
            """, "trusted_proxies: [10.0.0.0/8]")
        #expect(list.map(\.keyPath) == (0..<4).map { "listeners.public[\($0)]" })
        #expect(
            list.map(\.address) == [
                .tcp(.init(host: "0.0.0.0", port: 8080)), .tcp(.init(host: "::", port: 8080)),
                .unix(path: "/etc/portcullis/run/public.sock", mode: 0o600),
                .tcp(.init(host: "10.0.0.1", port: 443)),
            ])
        #expect(list.map(\.expectsProxyProtocol) == [false, false, false, true])
        #expect(
            list[3].tls
                == .init(
                    certificates: [
                        .init(
                            keyPath: "listeners.public[3].tls", certificateFile: "/etc/portcullis/a.crt",
                            privateKeyFile: "/k/a.key")
                    ], minimumVersion: .tls12, offersHTTP2: true, clientCertificates: .ignored))
        #expect(try listeners("{address: \"unix:/run/p\"}").map(\.address) == [.unix(path: "/run/p", mode: 0o660)])
        #expect(list.map(\.address.description)[1] == "[::]:8080")
    }

    @Test("TLS with several certificates, a version and client certificates")
    func tls() throws {
        let tls = try listeners(
            """
            {tls: {certificates: [{certificate: a, private_key: b}, {certificate: c, private_key: d}],
             minimum_version: "1.3", http2: false, client_ca: ca, client_certificates: optional}}
            """)[0].tls
        #expect(tls?.certificates.map(\.keyPath) == (0..<2).map { "listeners.public.tls.certificates[\($0)]" })
        #expect(tls?.minimumVersion == .tls13 && tls?.offersHTTP2 == false)
        #expect(tls?.clientCertificates == .optional(authorities: "/etc/portcullis/ca"))
        let required = try listeners("{tls: {certificate: a, private_key: b, client_ca: ca}}")[0].tls
        #expect(required?.clientCertificates == .required(authorities: "/etc/portcullis/ca"))
    }

    @Test(
        "what does not fit together is a problem",
        arguments: [
            ("[]", ["badValue listeners.public"]),
            ("3", ["wrongType listeners.public"]),
            ("[{}, {}]", ["conflict listeners.public[1].address"]),
            ("[{address: \"a:0\"}, {address: \"a:0\"}]", []),
            (
                "[{address: \"unix:/a\", mode: \"0600\"}, {address: \"unix:/a\"}]",
                ["conflict listeners.public[1].address"]
            ),
            ("[{address: \"127.0.0.1:9090\"}]", ["conflict listeners.admin.address"]),
            ("{mode: \"0660\"}", ["conflict listeners.public.mode"]),
            ("{address: \"unix:/a\", reuse_port: true}", ["conflict listeners.public.reuse_port"]),
            ("{proxy_protocol: true}", ["conflict listeners.public.proxy_protocol"]),
            ("{tls: {}}", ["missing listeners.public.tls"]),
            ("{tls: true}", ["wrongType listeners.public.tls"]),
            ("{tls: {certificate: a}}", ["missing listeners.public.tls.private_key"]),
            ("{tls: {private_key: a}}", ["missing listeners.public.tls.certificate"]),
            ("{tls: {certificates: []}}", ["badValue listeners.public.tls.certificates"]),
            (
                "{tls: {certificates: [{certificate: a}]}}",
                ["missing listeners.public.tls.certificates[0].private_key"]
            ),
            (
                "{tls: {certificate: a, certificates: [{certificate: a, private_key: b}]}}",
                ["conflict listeners.public.tls.certificate"]
            ),
            (
                "{tls: {certificate: a, private_key: b, client_certificates: required}}",
                ["conflict listeners.public.tls.client_certificates"]
            ),
            (
                "{tls: {certificate: a, private_key: b, minimum_version: \"1.1\"}}",
                ["badValue listeners.public.tls.minimum_version"]
            ),
            (
                "{tls: {certificate: a, private_key: b, minimum_version: 1.2}}",
                ["wrongType listeners.public.tls.minimum_version"]
            ),
        ])
    func conflicts(text: String, expected: [String]) {
        #expect(lines(text) == expected)
    }

    @Test("the word for those who connect through a Unix socket stands among the ranges")
    func localPeers() throws {
        let configuration = try Fixture.load(Fixture.with("trusted_proxies: [\"unix:\", 10.0.0.0/8]"))
        #expect(configuration.trustsLocalPeers && configuration.trustedProxies.count == 1)
        #expect(
            try listeners("{address: \"unix:/a\", proxy_protocol: true}", "trusted_proxies: [\"unix:\"]").count == 1)
        #expect(Fixture.problems(Fixture.with("trusted_proxies: [unix]")).map(\.code) == [.badValue])
    }

    @Test("paths of Unix sockets and their permissions")
    func unixPaths() throws {
        for text in [
            "unix:", "unix:/", "unix:~/a", "unix:/run/", "unix:http://a", "unix:/" + String(repeating: "a", count: 107),
        ] {
            #expect(throws: SettingMismatch.self, "\(text)") {
                try Configuration.PublicAddress(text: text, folder: "/")
            }
        }
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(
            try Configuration.PublicAddress(text: "unix:\(longest)", folder: "/")
                == .unix(path: longest, mode: 0o660))
        for (text, mode) in [("0660", 0o660), ("600", 0o600), ("0777", 0o777), ("000", 0)] as [(String, UInt32)] {
            #expect(try FileModeText.parse(text) == mode)
        }
        for text in ["", "66", "0o660", "1660", "0668", "06600", "-660", "rw-rw----"] {
            #expect(throws: SettingMismatch.self, "\(text)") { try FileModeText.parse(text) }
        }
    }
}
