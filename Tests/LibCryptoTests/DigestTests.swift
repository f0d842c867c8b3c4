import LibCrypto
import Testing

@Suite("SHA-2")
struct DigestTests {
    @Test("the examples of FIPS 180-4 come out")
    func knownAnswers() throws {
        let abc = [UInt8]("abc".utf8)
        #expect(
            try Digest.hash(abc, with: .sha256)
                == [UInt8](hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            try Digest.hash(abc, with: .sha384)
                == [UInt8](
                    hex: """
                        cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed
                        8086072ba1e7cc2358baeca134c825a7
                        """))
        #expect(
            try Digest.hash(abc, with: .sha512)
                == [UInt8](
                    hex: """
                        ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
                        2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                        """))
        let twoBlocks = [UInt8]("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(
            try Digest.hash(twoBlocks, with: .sha256)
                == [UInt8](hex: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"))
    }

    @Test("nothing hashes to the known digest of nothing")
    func emptyInput() throws {
        let expected = try [UInt8](hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Digest.hash([], with: .sha256) == expected)
        #expect(Digest.hash(UnsafeRawBufferPointer(start: nil, count: 0), with: .sha256) == expected)
    }

    @Test("a digest has the promised length", arguments: HashFunction.allCases)
    func length(hash: HashFunction) {
        #expect(Digest.hash([1, 2, 3], with: hash).count == hash.digestByteCount)
    }
}
