import HTTP1
import NIOCore
import Testing

@testable import Proxy

@Suite("Who sent a request, by its address")
struct ClientAddressTests {
    private func forwarded(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { ClientAddress(forwarded: $0)?.text }
    }

    private func address(_ text: String) throws -> ClientAddress {
        try #require(ClientAddress(text: text), "\(text)")
    }

    @Test("addresses are read alone, in brackets and with a port")
    func forms() {
        #expect(forwarded("192.0.2.1") == "192.0.2.1")
        #expect(forwarded("192.0.2.1:8080") == "192.0.2.1")
        #expect(forwarded("2001:DB8::1") == "2001:db8::1")
        #expect(forwarded("[2001:db8::1]") == "2001:db8::1")
        #expect(forwarded("[2001:db8::1]:443") == "2001:db8::1")
        #expect(forwarded("::ffff:192.0.2.1") == "192.0.2.1", "one client, one address")
        #expect(forwarded("::") == "::")
        #expect(forwarded("0.0.0.0") == "0.0.0.0")
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", " ", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.01", "192.0.2.1:", "192.0.2.1:x",
            "192.0.2.1:123456", "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]x", "[2001:db8::1]:",
            "[]", "[", "]", ":", "1:2", "2001:db8::1%eth0", "192.0.2.1\0", "\"192.0.2.1\"", "for=192.0.2.1",
            String(repeating: "1", count: 46), "fe80::1%", "0x7f.1",
        ])
    func noAddresses(text: String) {
        #expect(forwarded(text) == nil)
    }

    @Test("sockets' addresses and their texts are the same number")
    func sockets() throws {
        for text in ["127.0.0.1", "255.255.255.254", "2001:db8:1:2:3:4:5:6", "::1"] {
            let socket = try #require(ClientAddress(SocketAddress(ipAddress: text, port: 9)))
            #expect(socket == (try address(text)) && socket.text == text)
        }
        #expect(ClientAddress(try SocketAddress(ipAddress: "::ffff:10.1.2.3", port: 9)) == (try address("10.1.2.3")))
        #expect(ClientAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }

    @Test("an IPv4 address counts for itself, an IPv6 address for its /64")
    func networks() throws {
        #expect(try address("192.0.2.1").countedNetwork != address("192.0.2.2").countedNetwork)
        let network = try address("2001:db8:0:7::1").countedNetwork
        #expect(try address("2001:db8:0:7:ffff:ffff:ffff:ffff").countedNetwork == network)
        #expect(try address("2001:db8:0:8::1").countedNetwork != network)
    }

    private func client(_ peer: String, _ fields: [(String, String)], trusted: [String]) throws -> String? {
        let peer = ClientPeer(
            try SocketAddress(ipAddress: peer, port: 1), trusted: trusted.compactMap(NetworkRange.init))
        var parser = RequestHeadParser()
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
        return try Array(text.utf8).withUnsafeBytes { bytes in
            let progress = try parser.parse(bytes)
            #expect(progress == .complete)
            return peer.client(of: parser.head, bytes)?.text
        }
    }

    @Test("behind trusted proxies it is the first address from the end that is not one of theirs")
    func chain() throws {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48"]
        func client(_ values: String...) throws -> String? {
            try self.client("10.0.0.1", values.map { ("X-Forwarded-For", $0) }, trusted: trusted)
        }
        #expect(try client("203.0.113.5") == "203.0.113.5")
        #expect(try client("1.1.1.1, 203.0.113.5") == "203.0.113.5", "what the client claimed is not heard")
        #expect(try client("1.1.1.1, 203.0.113.5, 10.2.2.2 ,10.3.3.3") == "203.0.113.5")
        #expect(try client("1.1.1.1", "203.0.113.5") == "203.0.113.5", "the last line is the last proxy's")
        #expect(try client("203.0.113.5", "10.2.2.2") == "203.0.113.5")
        #expect(try client("2001:db8::7, [2001:db8:ffff::1]:80") == "2001:db8::7")
        #expect(try client("1.1.1.1,203.0.113.5:1234,,") == "203.0.113.5")
        #expect(try client() == "10.0.0.1")
        #expect(try client("") == "10.0.0.1")
        #expect(try client("10.9.9.9, 10.8.8.8") == "10.9.9.9")
        #expect(try client("1.1.1.1, unknown") == "10.0.0.1")
        #expect(try client("1.1.1.1, unknown, 10.4.4.4") == "10.4.4.4")
        #expect(try self.client("10.0.0.1", [("X_Forwarded_For", "1.1.1.1")], trusted: trusted) == "10.0.0.1")
        #expect(try self.client("10.0.0.1", [("Forwarded", "for=1.1.1.1")], trusted: trusted) == "10.0.0.1")
    }

    @Test("nobody else's word is heard")
    func untrusted() throws {
        #expect(try client("203.0.113.5", [("X-Forwarded-For", "1.1.1.1")], trusted: ["10.0.0.0/8"]) == "203.0.113.5")
        #expect(try client("2001:db8::1", [("X-Forwarded-For", "1.1.1.1")], trusted: []) == "2001:db8::1")
    }
}
