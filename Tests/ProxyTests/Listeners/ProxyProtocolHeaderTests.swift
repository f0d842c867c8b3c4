import NIOCore
import TestSupport
import Testing

@testable import Proxy

@Suite("The PROXY protocol's header")
struct ProxyProtocolHeaderTests {
    private typealias Reading = ProxyProtocolHeader.Reading

    private func read(_ bytes: [UInt8]) -> Reading { bytes.withUnsafeBytes(ProxyProtocolHeader.read) }

    private func read(_ text: String) -> Reading { read(Array(text.utf8)) }

    /// A header of version 2.
    private func binary(_ family: UInt8, _ content: [UInt8], command: UInt8 = 0x21) -> [UInt8] {
        let length = [UInt8(content.count >> 8), UInt8(content.count & 0xff)]
        return ProxyProtocolV2.signature + [command, family] + length + content
    }

    private func client(_ text: String, _ port: Int, count: Int) throws -> Reading {
        .header(.init(source: .client(try SocketAddress(ipAddress: text, port: port)), byteCount: count))
    }

    private let ipv4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0x01, 0xBB]
    private var ipv6: [UInt8] {
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 0, count: 16)
            + [0x30, 0x39, 0x01, 0xBB]
    }

    @Test("version 1")
    func text() throws {
        let line = "PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n"
        #expect(read(line + "GET /") == (try client("192.0.2.7", 12345, count: line.utf8.count)))
        let six = "PROXY TCP6 2001:db8::7 ::1 12345 0\r\n"
        #expect(read(six) == (try client("2001:db8::7", 12345, count: six.utf8.count)))
        let mapped = "PROXY TCP6 ::ffff:192.0.2.7 ::1 12345 443\r\n"
        #expect(read(mapped) == (try client("192.0.2.7", 12345, count: mapped.utf8.count)))
        for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 what ever 1 2 3\r\n"] {
            #expect(read(line) == .header(.init(source: .connection, byteCount: line.utf8.count)))
        }
    }

    @Test(
        "version 1 is one form and no other",
        arguments: [
            "GET / HTTP/1.1\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n",
            "PROXY TCP4 1.2.3.4\t1.2.3.4 1 1\r\n", "PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n",
            "PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.256 1 1\r\n",
            "PROXY TCP4 0x1.2.3.4 1.2.3.4 1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4  1\r\n", "PROXY TCP4 ::1 ::1 1 1\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n",
            "PROXY TCP6 fe80::1%1 ::1 1 1\r\n", "PROXY TCP6 [::1] ::1 1 1\r\n", "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\r\n", "PROXY \r\n", "PROXY\r\n", "PROXY UNKNOWN\u{0}\r\n",
            "PROXY UNKNOWNX\r\n", "PROXY UNKNOWN é\r\n",
            "PROXY UNKNOWN \(String(repeating: "x", count: 92))\r\n", "P\r\n",
        ])
    func refusedText(line: String) {
        #expect(read(line) == .malformed)
    }

    @Test("the longest line of version 1 is taken, and no line is waited for beyond it")
    func textLimit() {
        let longest = "PROXY UNKNOWN \(String(repeating: "x", count: 91))\r\n"
        #expect(longest.utf8.count == 107)
        #expect(read(longest) == .header(.init(source: .connection, byteCount: 107)))
        #expect(read(String(longest.dropLast())) == .needMore)
        #expect(read("PROXY UNKNOWN " + String(repeating: "x", count: 93)) == .malformed)
    }

    @Test("version 2: addresses, none, a socket's, and the load balancer's own")
    func binaryForms() throws {
        #expect(read(binary(0x11, ipv4)) == (try client("192.0.2.7", 12345, count: 28)))
        #expect(read(binary(0x21, ipv6)) == (try client("2001:db8::7", 12345, count: 52)))
        let mapped =
            [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 7] + [UInt8](repeating: 0, count: 16)
            + [0x30, 0x39, 0, 1]
        #expect(read(binary(0x21, mapped)) == (try client("192.0.2.7", 12345, count: 52)))
        #expect(read(binary(0x00, [])) == .header(.init(source: .connection, byteCount: 16)))
        let socket = [UInt8](repeating: 0, count: 216)
        #expect(read(binary(0x31, socket)) == .header(.init(source: .local, byteCount: 232)))
        for (family, content) in [(0x00, []), (0x11, ipv4), (0x11, [1, 2, 3]), (0x31, [])] as [(UInt8, [UInt8])] {
            let header = binary(family, content, command: 0x20)
            #expect(read(header) == .header(.init(source: .connection, byteCount: header.count)))
        }
    }

    @Test("additions of version 2 are skipped when they are whole, within the limit")
    func additions() throws {
        let whole: [UInt8] = [0x01, 0, 2, 0x68, 0x32, 0x04, 0, 0, 0xEE, 0, 1, 9]
        #expect(read(binary(0x11, ipv4 + whole) + [9]) == (try client("192.0.2.7", 12345, count: 28 + whole.count)))
        for cut in [1, 2, 3, 4, 6, 7, 9, 10, 11] {
            #expect(read(binary(0x11, ipv4 + whole.prefix(cut))) == .malformed, "\(cut)")
        }
        #expect(read(binary(0x11, ipv4 + [1, 0xFF, 0xFF])) == .malformed)
        let room = ProxyProtocolHeader.byteLimit - 28 - 3
        let addition = [1, UInt8(room >> 8), UInt8(room & 0xff)] + [UInt8](repeating: 0, count: room)
        let largest = binary(0x11, ipv4 + addition)
        #expect(read(largest) == (try client("192.0.2.7", 12345, count: ProxyProtocolHeader.byteLimit)))
    }

    @Test("version 2 is refused as soon as it cannot become a header")
    func refusedBinary() {
        let signature = ProxyProtocolV2.signature
        #expect(read(signature + [0x11]) == .malformed, "version 1 in binary")
        #expect(read(signature + [0x22]) == .malformed, "an unknown command")
        #expect(read(signature + [0x21, 0x12]) == .malformed, "datagrams")
        #expect(read(signature + [0x21, 0x13]) == .malformed)
        #expect(read(signature + [0x21, 0x41]) == .malformed)
        #expect(read(signature + [0x21, 0x11, 0xFF, 0xFF]) == .malformed, "more than is read")
        #expect(read(signature + [0x20, 0x00, 0x02, 0x09]) == .malformed)
        #expect(read(binary(0x11, Array(ipv4.dropLast()))) == .malformed, "too short for its addresses")
        #expect(read(binary(0x21, ipv4)) == .malformed)
        #expect(read(binary(0x31, ipv6)) == .malformed)
        #expect(read([0x0D, 0x0A, 0x0D, 0x0B]) == .malformed)
    }

    @Test("byte by byte there is no answer before the last byte, and then the same one")
    func byteByByte() {
        let headers: [[UInt8]] = [
            Array("PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n".utf8), Array("PROXY UNKNOWN x y\r\n".utf8),
            binary(0x11, ipv4), binary(0x21, ipv6 + [5, 0, 3, 1, 2, 3]), binary(0, [1, 2, 3], command: 0x20),
        ]
        for header in headers {
            for count in 0..<header.count { #expect(read(Array(header.prefix(count))) == .needMore, "\(count)") }
            let whole = read(header)
            #expect(whole != .needMore && whole != .malformed)
            #expect(read(header + Array("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n".utf8)) == whole)
        }
    }

    @Test("whatever is changed about a header, reading it ends, within its bytes and the limit")
    func mutations() {
        var random = TestSupport.SeededGenerator(seed: 20)
        let headers: [[UInt8]] = [
            Array("PROXY TCP6 2001:db8::7 ::1 12345 443\r\n".utf8), Array("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n".utf8),
            binary(0x11, ipv4 + [4, 0, 2, 0, 0]), binary(0x21, ipv6), binary(0x31, [UInt8](repeating: 1, count: 216)),
        ]
        for _ in 0..<20_000 {
            var bytes = headers.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            guard case .header(let header) = read(bytes) else { continue }
            #expect((1...min(bytes.count, ProxyProtocolHeader.byteLimit)).contains(header.byteCount))
            #expect(read(Array(bytes.prefix(header.byteCount))) == .header(header), "what follows changes nothing")
        }
    }
}
