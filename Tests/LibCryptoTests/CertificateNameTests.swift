import Foundation
import LibCrypto
import Testing

@Suite("Names in certificates")
struct CertificateNameTests {
    /// Made by `openssl req -x509 -days 36500 -subj /CN=common.test`, with the alternative names DNS:api.test,
    /// DNS:*.wild.test and IP:127.0.0.1.
    private static let named = """
        MIIBqjCCAVGgAwIBAgIUGo52PzSXGkLAlErOnCFdNJAAVp0wCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLY29tbW9uLnRlc3QwIBcN
        MjYxMTI5MDgxNzUxWhgPMjEyNjExMDUwODE3NTFaMBYxFDASBgNVBAMMC2NvbW1vbi50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAE7P/zeo9Ymnn17awlW+pyq7rl5sHNUrAK1l4p6hm3cCAfuKvnDQ9HxpyhwOY37osZfiLHYzl2UeryVqpIdQCNG6N7MHkw
        HQYDVR0OBBYEFFXfHFc+LRrUOCGTa9VtBNSDUmdSMB8GA1UdIwQYMBaAFFXfHFc+LRrUOCGTa9VtBNSDUmdSMA8GA1UdEwEB/wQF
        MAMBAf8wJgYDVR0RBB8wHYIIYXBpLnRlc3SCCyoud2lsZC50ZXN0hwR/AAABMAoGCCqGSM49BAMCA0cAMEQCIHdif1jYvfX6+kgR
        /Qe4slAdCH1nxF4nlf692eKLf+8BAiBnQd4po7xJwI66Ah984KjIMMt9V8/XEunnfs/6RPKmPg==
        """

    /// The same with no alternative name but IP:127.0.0.1.
    private static let addressed = """
        MIIBlTCCATqgAwIBAgIUEqn0VklC1IVe9yTWDL4Fl2sT3VowCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLY29tbW9uLnRlc3QwIBcN
        MjYxMTI5MDgxNzUxWhgPMjEyNjExMDUwODE3NTFaMBYxFDASBgNVBAMMC2NvbW1vbi50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAE9l7WYfKadfqpm9BVAXxu1IYgIC8XX2v5QPpYVE03qeCpJP4YD6GGUezdrp/fynsKSy+MvoEoEfq+nlrsrxYCxaNkMGIw
        HQYDVR0OBBYEFEJf86ptO8l6PFTOPZhfOLeAE8Z9MB8GA1UdIwQYMBaAFEJf86ptO8l6PFTOPZhfOLeAE8Z9MA8GA1UdEwEB/wQF
        MAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJADBGAiEAi9DLv60TA946oashAUhFfUeKTc0r2GlrvjCopiBS0OwC
        IQD94+HBr8SXQI9zPpJT/1CaTo8eBYFt6wTsron+kqtfNQ==
        """

    /// The same with no alternative name.
    private static let plain = """
        MIIBhDCCASmgAwIBAgIULmUP/2Ui8orXBKjSAo0wKz9XAoQwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLY29tbW9uLnRlc3QwIBcN
        MjYxMTI5MDgxODEwWhgPMjEyNjExMDUwODE4MTBaMBYxFDASBgNVBAMMC2NvbW1vbi50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEdBgXHYNCjHC6hiq2uuDaIpQK9qLeAEajQEtI3ENTMvj1v5VIx6e86prwPLR7HR0xrdZh8oroEerHq0fHNMON76NTMFEw
        HQYDVR0OBBYEFMXXrgtss6lpdjvf0NepYzGZ12WCMB8GA1UdIwQYMBaAFMXXrgtss6lpdjvf0NepYzGZ12WCMA8GA1UdEwEB/wQF
        MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhALIHn6WxfsWToqMIEynGRF8R7Ae4SmoTOsD9JddSi+AwAiEAoVIIcG5p7p7/m7ojRqFA
        j/jFl72jyGPuyHzGTrxezsg=
        """

    private static func bytes(_ text: String) throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: text, options: .ignoreUnknownCharacters)))
    }

    @Test(
        "a host is covered by its own name or by a wildcard for one whole label, whatever the case",
        arguments: ["api.test", "API.TEST", "api.test.", "a.wild.test"])
    func covered(name: String) throws {
        #expect(CertificateName.covers(try Self.bytes(Self.named), name))
    }

    @Test(
        "others are not: neither by the address, nor by the subject beside alternative names, nor by a part of a name",
        arguments: [
            "", ".", "127.0.0.1", "common.test", "x.api.test", "pi.test", "api.test.evil", "wild.test", "a.b.wild.test",
            "api.test\0.evil",
        ])
    func others(name: String) throws {
        #expect(!CertificateName.covers(try Self.bytes(Self.named), name))
    }

    @Test("the subject counts where there is no alternative name at all")
    func subject() throws {
        #expect(CertificateName.covers(try Self.bytes(Self.plain), "common.test"))
        #expect(!CertificateName.covers(try Self.bytes(Self.plain), "api.test"))
        #expect(!CertificateName.covers(try Self.bytes(Self.addressed), "common.test"))
    }

    @Test("what is no certificate is for nobody, cut anywhere")
    func garbage() throws {
        let good = try Self.bytes(Self.named)
        for count in 0..<good.count { #expect(!CertificateName.covers(Array(good.prefix(count)), "api.test")) }
    }
}
