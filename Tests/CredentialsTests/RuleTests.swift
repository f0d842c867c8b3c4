import Credentials
import Testing

@Suite("Rules for passwords, names and scopes")
struct RuleTests {
    @Test("a new password needs eight characters and nothing else")
    func newPasswords() throws {
        for text in ["aaaaaaaa", "12345678", "        ", "東京東京東京東京", String(repeating: "x", count: 1024)] {
            #expect(try Password(choosing: Array(text.utf8)).bytes == Array(text.utf8))
        }
        #expect(throws: CredentialError(.passwordTooShort)) { try Password(choosing: Array("aaaaaaa".utf8)) }
        // Seven characters of three bytes each.
        #expect(throws: CredentialError(.passwordTooShort)) { try Password(choosing: Array("東京東京東京東".utf8)) }
        #expect(throws: CredentialError(.passwordTooLong)) {
            try Password(choosing: [UInt8](repeating: 0x61, count: 1025))
        }
        #expect(throws: CredentialError(.passwordMalformed)) { try Password(choosing: Array("aaaa\0aaaa".utf8)) }
        #expect(throws: CredentialError(.passwordMalformed)) {
            try Password(choosing: [UInt8](repeating: 0xFF, count: 12))
        }
        #expect(throws: CredentialError(.passwordMalformed)) { try Password(choosing: []) }
    }

    @Test("an old password may be short, but never empty, endless or with a NUL byte")
    func oldPasswords() throws {
        #expect(try Password(signingInWith: [0xFF]).bytes == [0xFF])
        #expect(throws: CredentialError(.passwordMalformed)) { try Password(signingInWith: []) }
        #expect(throws: CredentialError(.passwordMalformed)) { try Password(signingInWith: [0x61, 0, 0x62]) }
        #expect(throws: CredentialError(.passwordTooLong)) {
            try Password(signingInWith: [UInt8](repeating: 0x61, count: 1025))
        }
    }

    @Test(
        "printable names are accepted",
        arguments: [
            "a", "alice", "Alice Liddell", "alice@example.com", "o'brien", "名前", "e\u{301}", "😀", "a\"b\\c",
            String(repeating: "a", count: 128), String(repeating: "😀", count: 128),
        ])
    func names(text: String) throws {
        #expect(try UserName(text).text == text)
    }

    @Test(
        "names that cannot be seen as they are are refused",
        arguments: [
            "", " ", " a", "a ", "a\nb", "a\tb", "a\0b", "a\u{7F}", "a\u{85}b", "a\u{A0}b", "a\u{2028}b",
            "a\u{200B}b", "a\u{200D}b", "a\u{202E}b", "a\u{2066}b", "\u{FEFF}a", "a\u{AD}b", "a\u{E000}b",
            "a\u{3164}b", "a\u{FE0F}", "a\u{E0041}", "a\u{378}b",
            String(repeating: "a", count: 129), String(repeating: "😀", count: 129),
        ])
    func invisibleNames(text: String) {
        #expect(throws: CredentialError(.invalidName)) { try UserName(text) }
    }

    @Test("names are equal when their bytes are, whatever Unicode says")
    func nameEquality() throws {
        let composed = try UserName("\u{E9}")
        let decomposed = try UserName("e\u{301}")
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(try UserName("Alice") != UserName("alice"))
        #expect(try UserName("Z") < UserName("a"))
    }

    @Test("scope lists follow RFC 6749")
    func scopes() throws {
        for text in ["", "a", "a b", "analytics:read analytics:write", "!#[]~"] {
            #expect(try ScopeList(text).text == text)
        }
        for text in [
            " ", "a ", " a", "a  b", "a\tb", "a\"b", "a\\b", "é", "a a", "a\0", String(repeating: "a", count: 4097),
        ] {
            #expect(throws: CredentialError(.invalidScope)) { try ScopeList(text) }
        }
    }
}
