import Credentials
import Foundation
import Testing

@Suite("Choosing passwords")
struct ChoosingPasswordTests {
    @Test(
        "one password however it is typed",
        arguments: [
            ("caf\u{E9} cr\u{E8}me", "cafe\u{301} cre\u{300}me"), ("\u{FB01}ve fish", "five fish"),
            ("\u{FF50}\u{FF41}\u{FF53}\u{FF53}word", "password"), ("\u{212B}ngstr\u{F6}m", "\u{C5}ngstro\u{308}m"),
            ("plain ascii", "plain ascii"),
        ])
    func normalForm(one: String, other: String) throws {
        let hasher = try PasswordHasher(cost: .cheap)
        let hash = try hasher.hash(Password(choosing: Array(one.utf8)))
        #expect(try hasher.verify(Password(signingInWith: Array(other.utf8)), against: hash))
        #expect(try !hasher.verify(Password(signingInWith: Array((other + "x").utf8)), against: hash))
    }

    @Test("case and spaces are left as they are")
    func nothingElse() throws {
        let hasher = try PasswordHasher(cost: .cheap)
        let hash = try hasher.hash(Password(choosing: Array(" Open Sesame ".utf8)))
        for other in ["open sesame", "Open Sesame", " open sesame ", " Open  Sesame "] {
            #expect(try !hasher.verify(Password(signingInWith: Array(other.utf8)), against: hash))
        }
    }

    @Test("what is on the list is refused in any case and any form, and so is the account's name")
    func denyList() throws {
        let list = try PasswordDenyList(Data("password1\r\n\ncaf\u{E9}caf\u{E9}\nqwertyuiop".utf8))
        let name = try UserName("Alexander")
        for refused in ["Password1", "PASSWORD1", "cafe\u{301}CAFE\u{301}", "qwertyuiop", "alexander", "ALEXANDER"] {
            #expect(throws: CredentialError(.passwordTooCommon)) {
                try list.check(Password(choosing: Array(refused.utf8)), of: name)
            }
        }
        for taken in ["password12", "alexander1", "quite another one"] {
            try list.check(Password(choosing: Array(taken.utf8)), of: name)
        }
        #expect(throws: CredentialError(.invalidDenyList)) { try PasswordDenyList(Data([0xFF, 0xFE])) }
        #expect(throws: CredentialError(.invalidDenyList)) { try PasswordDenyList(path: "/nonexistent/list") }
    }
}

@Suite("Importing accounts")
struct AccountImportTests {
    private func read(
        _ text: String, _ format: AccountImport.Format
    ) throws -> [String] {
        try AccountImport.read(Array(text.utf8), format, scope: "default").map {
            "\($0.line ?? 0) \($0.name) \($0.passwordHash) \($0.scope) \($0.isDisabled)"
        }
    }

    @Test("a CSV file is read by RFC 4180, in whatever order its columns are")
    func csv() throws {
        let text =
            "name,password_hash,scope,disabled\r\nalice,H,a b,false\n\"b\"\"ob, jr\",H2,,true\n\ncarol,H3,\"x\ny\",\n"
        #expect(
            try read(text, .csv) == [
                "2 alice H a b false", "3 b\"ob, jr H2  true", "5 carol H3 x\ny false",
            ])
        #expect(try read("password_hash,name\nH,alice", .csv) == ["2 alice H default false"])
    }

    @Test("an htpasswd file is read, less its comments")
    func htpasswd() throws {
        let text = "# made by hand\nalice:\(Samples.bcrypt)\r\n\nbob:$2y$05$x\n"
        #expect(
            try read(text, .htpasswd) == [
                "2 alice \(Samples.bcrypt) default false", "4 bob $2y$05$x default false",
            ])
    }

    @Test(
        "what is not of its form is refused whole, with the line",
        arguments: [
            ("", AccountImport.Format.csv, "line 1"), ("name\na", .csv, "line 1"),
            ("name,password_hash,name\na,b,c", .csv, "line 1"), ("name,password_hash,admin\na,b,c", .csv, "line 1"),
            ("name,password_hash\na", .csv, "line 2"), ("name,password_hash\na,b,c", .csv, "line 2"),
            ("name,password_hash\na,\"b", .csv, "line 2"), ("name,password_hash\na,\"b\"c", .csv, "line 2"),
            ("name,password_hash\na,b\"c", .csv, "line 2"), ("name,password_hash,disabled\na,b,yes", .csv, "line 2"),
            ("name,password_hash\ra,b", .csv, "line 1"), ("alice", .htpasswd, "line 1"),
            ("alice:a\nbob:b:c", .htpasswd, "line 2"),
        ])
    func malformed(text: String, format: AccountImport.Format, place: String) throws {
        let error = #expect(throws: CredentialError.self) { try read(text, format) }
        #expect(error?.code == .malformedImport && error?.detail.hasPrefix(place) == true, "\(error?.detail ?? "")")
    }

    @Test("any bytes are read or refused", arguments: [UInt64.random(in: 0...UInt64.max)])
    func noise(seed: UInt64) {
        print("seed = \(seed)")
        var generator = SplitMix64(state: seed)
        let pieces = ["name", "password_hash", ",", "\n", "\r\n", "\r", "\"", "\"\"", "a", ":", "#", "\u{E9}", "true"]
        for _ in 0..<2_000 {
            let text =
                "name,password_hash\n" + (0..<12).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            for format in AccountImport.Format.allCases {
                do {
                    _ = try read(text, format)
                } catch {
                    #expect((error as? CredentialError)?.code == .malformedImport)
                }
            }
        }
    }
}
