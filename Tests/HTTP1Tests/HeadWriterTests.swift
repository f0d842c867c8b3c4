import HTTP1
import NIOCore
import Testing

@Suite("HeadWriter")
struct HeadWriterTests {
    private func copied(_ lines: [String], dropping: FieldTraits) throws -> String {
        let bytes = Array(("GET / HTTP/1.1\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\nrest").utf8)
        return try bytes.withBytes { (pointer: UnsafeRawBufferPointer) throws(HTTPViolation) in
            var parser = RequestHeadParser()
            _ = try parser.parse(pointer)
            var buffer = ByteBuffer()
            HeadWriter.copyFields(parser.head.fields, of: pointer, dropping: dropping, to: &buffer)
            return String(buffer: buffer)
        }
    }

    @Test("every choice of lines to drop leaves exactly the others, byte for byte")
    func everyChoice() throws {
        let kept = ["a:1", "B:\t2  ", "c-c: \u{e9}", "D:", "e: 5"]
        let dropped = [
            "X-Auth-Scope: a", "x_auth_subject:\tb", "X.Auth-Method:", "X-AUTH-ISSUER: d", "x-auth-token-id: e",
        ]
        for choice in 0..<32 {
            let lines = (0..<5).map { choice & (1 << $0) == 0 ? kept[$0] : dropped[$0] } + ["Host: h"]
            let expected = (0..<5).filter { choice & (1 << $0) == 0 }.map { kept[$0] }
            #expect(
                try copied(lines, dropping: [.identity, .host]) == expected.map { $0 + "\r\n" }.joined(),
                "choice \(choice)")
        }
    }

    @Test("nothing to drop copies all, everything to drop copies nothing")
    func extremes() throws {
        #expect(try copied(["Host: h", "X: y"], dropping: []) == "Host: h\r\nX: y\r\n")
        #expect(try copied(["Host: h"], dropping: .host) == "")
    }

    @Test("a field named in Connection is dropped with the hop-by-hop fields")
    func nominated() throws {
        let lines = ["Host: h", "X-Hop: 1", "Connection: x-hop, TE", "TE: trailers", "Keep-Alive: 5", "X-End: 2"]
        #expect(try copied(lines, dropping: .hopByHop) == "Host: h\r\nX-End: 2\r\n")
    }

    @Test("decimal numbers")
    func decimals() {
        var numbers = [0, 7, 9, 10, 11, 99, 100, 101, 4096, (1 << 53) - 1, .max, .max - 1]
        var power = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1]
        }
        for number in numbers {
            var buffer = ByteBuffer()
            HeadWriter.writeDecimal(number, to: &buffer)
            #expect(String(buffer: buffer) == String(number))
        }
    }

    @Test("chunk sizes, which the decoder reads back")
    func chunkSizes() {
        for count in [0, 1, 9, 10, 15, 16, 17, 255, 256, 4095, 65_536, 1 << 20, (1 << 53) - 1, .max] {
            var buffer = ByteBuffer()
            HeadWriter.writeChunkSize(count, to: &buffer)
            #expect(String(buffer: buffer) == String(count, radix: 16) + "\r\n")
        }
    }

    @Test("the framing field")
    func framing() {
        func written(_ framing: BodyFraming) -> String {
            var buffer = ByteBuffer()
            HeadWriter.writeFraming(framing, to: &buffer)
            return String(buffer: buffer)
        }
        #expect(written(.length(0)) == "Content-Length: 0\r\n")
        #expect(written(.length(1234)) == "Content-Length: 1234\r\n")
        #expect(written(.chunked) == "Transfer-Encoding: chunked\r\n")
        #expect(written(.none) == "" && written(.untilClose) == "")
    }
}
