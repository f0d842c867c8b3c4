import Credentials
import Testing

@Suite("Rules for clients and API keys")
struct MachineRuleTests {
    @Test("client identifiers are visible ASCII, 1 to 128 bytes")
    func clientIDs() throws {
        for text in ["a", "https://client.example/app", "a:b+c%", String(repeating: "x", count: 128)] {
            #expect(try ClientID(text).text == text)
        }
        for text in ["", "a b", "ä", "a\u{0}", "a\n", "\u{7f}", String(repeating: "x", count: 129)] {
            #expect(throws: CredentialError(.invalidName)) { try ClientID(text) }
        }
    }

    @Test("grants are known names, each once")
    func grants() throws {
        #expect(try ClientGrants("") == [])
        #expect(try ClientGrants("password client_credentials").text == "client_credentials password")
        for text in [" ", "password ", "implicit", "password password", "password  client_credentials", "Password"] {
            #expect(throws: CredentialError(.invalidGrant)) { try ClientGrants(text) }
        }
    }

    @Test("allowed addresses are addresses and blocks without stray bits")
    func addresses() throws {
        #expect(try AddressList("").blocks.isEmpty)
        let list = try AddressList("10.0.0.0/8 192.0.2.1 2001:db8::/32 ::1 0.0.0.0/0")
        #expect(list.blocks.map(\.prefixLength) == [8, 32, 32, 128, 0])
        #expect(list.blocks.map(\.network.count) == [4, 4, 16, 16, 4])
        for text in [
            " ", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0/8", "::1/129", "2001:db8::1/32",
            "10.0.0.0/8,::1", "10.0.0.0/8  ::1", "localhost", "10.0.0.0/+8", "/8", "10.0.0.0/8/8",
            Array(repeating: "::1", count: 65).joined(separator: " "),
        ] {
            #expect(throws: CredentialError(.invalidAddress), "\(text)") { try AddressList(text) }
        }
    }

    @Test("the ids of API keys are twelve letters and digits")
    func keyIDs() throws {
        #expect(try APIKeyID("0123456789Az").tokenID == "pk_0123456789Az")
        for text in ["", "0123456789A", "0123456789ABC", "0123456789A_", "0123456789Aé"] {
            #expect(throws: CredentialError(.invalidName)) { try APIKeyID(text) }
        }
    }
}
