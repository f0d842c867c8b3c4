import FuzzInvariants
import TestSupport
import Testing

/// Bytes nobody would send, held against the rules that the fuzzers in `Fuzz/` check.
///
/// A trap ends the whole run; everything else is reported with the input.
@Suite("Fuzz")
struct FuzzTests {
    private static let seeds: [FuzzTarget: [String]] = [
        .requestHead: [
            "GET /a/b?c=d HTTP/1.1\r\nHost: gw.test\r\nAuthorization: Bearer x\r\nConnection: x-a, close\r\nX-A: b\r\n\r\n",
            "\r\nPOST http://a.test:80/%61//..?q HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "OPTIONS * HTTP/1.0\r\nContent-Length: 12\r\nX_Auth_Subject: a\r\nUpgrade: h2c\r\n\r\nGET / HTTP/1",
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        ],
        .responseHead: [
            "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.0 404 \r\nConnection: keep-alive, x\r\nX: y\r\n\r\nbody",
            "HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nHTTP/1.1 200",
        ],
        .chunked: [
            "5\r\nhello\r\n0\r\n\r\n", "a;b=c;d=\"e\\\"\"\r\n0123456789\r\n00\r\nX: y\r\nZ:\r\n\r\n",
            "1\r\nx\r\n1\r\ny\r\n0;a\r\n\r\nGET /",
        ],
        .path: ["/a/./b/../%2e%2E/%c3%a9/%7e//c", "/", "/%e2%82%ac;/%25/..", "gw.test.:80", "[::1]:8080"],
        .json: [#"{"keys":[{"kty":"oct","k":"AAAA"}],"a":[1,-2.5e3,"\u00e9\ud83d\ude00",null,true]}"#, "[[],{}]"],
        .token: [
            #"{"iss":"https://issuer.test","aud":["https://gw.test"],"sub":"a","jti":"b","exp":1800000100,"iat":1800000000}"#,
            "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln",
        ],
        .claims: [
            #"{"iss":"https://issuer.test","aud":"https://gw.test","oid":"a","sub":"c","jti":"b","exp":1.8000001e9,"iat":1800000000,"roles":["r","w"],"azp":"c"}"#
        ],
        .key: [
            #"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256","kid":"k"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"}"#,
        ],
    ]

    @Test("changed and invented bytes break no rule", arguments: FuzzTarget.allCases)
    func mutations(target: FuzzTarget) throws {
        let seeds = try #require(Self.seeds[target])
        var mutator = Mutator(generator: .announced("fuzzing of \(target.rawValue)"))
        for seed in seeds { expectSound(target, Array(seed.utf8)) }
        for round in 0..<2000 {
            var bytes = round % 4 == 0 ? mutator.invent() : Array(seeds[mutator.generator.below(seeds.count)].utf8)
            for _ in 0..<(round % 3) { bytes = mutator.mutate(bytes) }
            expectSound(target, bytes)
        }
    }

    @Test("what a fuzzer once found, and what it starts from, breaks no rule", arguments: FuzzTarget.allCases)
    func findings(target: FuzzTarget) throws {
        let inputs = try FuzzInputs.all(for: target)
        #expect(!inputs.isEmpty)
        for (path, bytes) in inputs { expectSound(target, bytes, "\(path)") }
    }

    private func expectSound(_ target: FuzzTarget, _ bytes: [UInt8], _ name: String = "") {
        // A copy of its own size, with memory behind it that nobody may read.
        guard let memory = GuardedBytes(capacity: max(bytes.count, 1)) else {
            Issue.record("no memory")
            return
        }
        if let complaint = memory.withBytes(bytes[...], { target.complaint(about: $0) }) {
            Issue.record("\(name) \(String(decoding: bytes, as: UTF8.self).debugDescription): \(complaint)")
        }
    }
}
