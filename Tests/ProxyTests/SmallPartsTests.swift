import Foundation
import HTTP1
import NIOCore
import Testing

@testable import Proxy

@Suite("Network ranges")
struct NetworkRangeTests {
    private func contains(_ range: String, _ address: String) throws -> Bool {
        try #require(NetworkRange(range)).contains(SocketAddress(ipAddress: address, port: 1))
    }

    @Test("an address lies in the block or not, at every kind of boundary")
    func membership() throws {
        #expect(try contains("10.0.0.0/8", "10.255.255.255"))
        #expect(try !contains("10.0.0.0/8", "11.0.0.0"))
        #expect(try contains("192.168.4.0/22", "192.168.7.255"))
        #expect(try !contains("192.168.4.0/22", "192.168.8.0"))
        #expect(try contains("192.0.2.1", "192.0.2.1"))
        #expect(try !contains("192.0.2.1", "192.0.2.2"))
        #expect(try contains("0.0.0.0/0", "203.0.113.9"))
        #expect(try !contains("0.0.0.0/0", "2001:db8::1"))
        #expect(try contains("2001:db8::/33", "2001:db8:7fff::1"))
        #expect(try !contains("2001:db8::/33", "2001:db8:8000::1"))
        #expect(try contains("10.0.0.0/8", "::ffff:10.1.2.3"), "a mapped address counts as IPv4")
    }

    @Test(
        "what is not a block is refused",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "a", "::/129", "10.0.0.0/8/8",
            "10.0.0.0/8 ",
            "localhost",
        ])
    func refused(text: String) {
        #expect(NetworkRange(text) == nil)
    }
}

@Suite("Dates")
struct HTTPDateTests {
    @Test("a day has the same name as in Foundation, for 150 years on both sides of 1970")
    func civilDates() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for day in stride(from: -54_000, through: 54_000, by: 7) {
            let date = CivilDate(daysSince1970: Int64(day))
            let expected = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day) * 86_400))
            #expect(date.year == expected.year && date.month == expected.month && date.day == expected.day, "\(day)")
        }
    }

    @Test("the line is the fixed-length form, and follows the second")
    func line() throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "'Date: 'EEE, dd MMM yyyy HH:mm:ss' GMT\r\n'"
        var date = HTTPDate()
        var random = SeededGenerator(seed: (7, 9))
        for seconds in [0, 951_782_399, 951_782_400, 1_800_000_000]
            + (0..<300).map({ _ in random.next() % 4_102_444_800 })
        {
            date.update(seconds: Int64(seconds))
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(String(decoding: date.line, as: UTF8.self) == expected)
        }
    }
}

@Suite("Request identifiers")
struct RequestIDTests {
    private func given(_ text: String) -> RequestID? {
        Array(text.utf8).withUnsafeBytes { RequestID(given: $0) }
    }

    @Test("a well-formed one is kept, any other is not")
    func given() {
        for good in ["a", "01HX-_~+/=:.", String(repeating: "x", count: 128)] { #expect(given(good)?.text == good) }
        let bad = [
            "", String(repeating: "x", count: 129), "a b", "a\"b", "a\\b", "a,b", "é", "a{}", "a;b", "a\u{1b}[1m",
        ]
        for text in bad { #expect(given(text) == nil, "\(text)") }
    }

    @Test("random bits become 32 hexadecimal digits")
    func hexadecimal() {
        #expect(
            RequestID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210).text
                == "0123456789abcdeffedcba9876543210")
        var random = SeededGenerator(seed: (3, 4))
        for _ in 0..<1000 {
            let (high, low) = (random.next(), random.next())
            let expected = [high, low].map { value in
                let digits = String(value, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
            #expect(RequestID(high: high, low: low).text == expected)
        }
    }
}

@Suite("Problem documents")
struct ProblemTests {
    @Test("a problem is a JSON document with the members of RFC 9457, 6749 and 6750")
    func members() throws {
        let problem = Problem(status: 403, error: "insufficient_scope", description: "needs \"a\\b\"")
        let text = ProblemBody.render(problem, requestID: "id-1")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(json["type"] as? String == "about:blank")
        #expect(json["title"] as? String == "Forbidden")
        #expect(json["status"] as? Int == 403)
        #expect(json["error"] as? String == "insufficient_scope")
        #expect(json["error_description"] as? String == "needs \"a\\b\"")
        #expect(json["request_id"] as? String == "id-1")
        #expect(json.count == 6)
    }

    @Test("every violation of HTTP has an answer that closes the connection")
    func violations() {
        for raw in UInt8.min...UInt8.max {
            guard let violation = HTTPViolation(rawValue: raw) else { continue }
            let problem = Problem(violation)
            #expect([400, 413, 414, 417, 431].contains(problem.status), "\(violation)")
            #expect(problem.closesConnection && problem.title != "Unknown", "\(violation)")
        }
    }
}
