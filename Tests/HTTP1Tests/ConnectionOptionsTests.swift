import Testing

@testable import HTTP1

@Suite("ConnectionOptions")
struct ConnectionOptionsTests {
    private func outcome(_ fields: String) -> RequestOutcome {
        RequestOutcome.of(RequestHeadParserTests.head(fields))
    }

    private func hopByHop(_ fields: String) throws -> [String] {
        try #require(outcome(fields).view).fields.filter { $0.traits.contains(.hopByHop) }.map(\.name)
    }

    @Test("a field named in Connection is hop-by-hop in whichever order, case and line")
    func nomination() throws {
        #expect(try hopByHop("X-A: 1\r\nConnection: x-a\r\nX-a: 2") == ["X-A", "Connection", "X-a"])
        #expect(try hopByHop("Connection: a, , X-B,\r\nX-B: 1\r\nConnection:\tx-c \r\nX-C: 2\r\nX-D: 3").count == 4)
        #expect(try hopByHop("Connection: x-missing\r\nX-A: 1") == ["Connection"])
    }

    @Test("what Connection names cannot take away credentials, identity, forwarding fields or the request's id")
    func protectedFields() throws {
        for name in [
            "Authorization", "X-API-Key", "X-Auth-Subject", "x_auth_subject", "X-Forwarded-For", "X-Request-Id",
        ] {
            #expect(try hopByHop("Connection: \(name)\r\n\(name): v") == ["Connection"], "\(name)")
        }
    }

    @Test(
        "a list that is not one of tokens is refused",
        arguments: ["a b", "close;x", "\"close\"", "close, a/b", "\u{e9}", "clo\u{a0}se"])
    func notTokens(value: String) {
        #expect(outcome("Connection: \(value)").violation == .invalidConnection)
    }

    @Test("empty elements and an empty list are ignored", arguments: ["", ",", ", ,,\t,", ",close"])
    func emptyElements(value: String) {
        #expect(outcome("Connection: \(value)").view?.keepsAlive == !value.contains("close"))
    }

    @Test("the number of options is bounded over all lines, so that naming costs the same whoever asks")
    func count() {
        let half = Array(repeating: "a", count: ConnectionOptions.largestCount / 2).joined(separator: ",")
        #expect(outcome("Connection: \(half)\r\nConnection: \(half)").view != nil)
        #expect(outcome("Connection: \(half)\r\nConnection: \(half),a").violation == .invalidConnection)
        #expect(outcome("Connection: \(half),\(half),close").violation == .invalidConnection)
    }
}
