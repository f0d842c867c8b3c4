import LibCrypto
import Testing

@Suite("scrypt")
struct ScryptTests {
    @Test("the examples of RFC 7914 section 12 come out")
    func knownAnswers() throws {
        #expect(
            try Scrypt.derive(
                password: [], salt: [],
                parameters: ScryptParameters(cost: 16, blockSize: 1, parallelization: 1), byteCount: 64)
                == [UInt8](
                    hex: """
                        77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442
                        fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906
                        """))
        #expect(
            try Scrypt.derive(
                password: [UInt8]("password".utf8), salt: [UInt8]("NaCl".utf8),
                parameters: ScryptParameters(cost: 1024, blockSize: 8, parallelization: 16), byteCount: 64)
                == [UInt8](
                    hex: """
                        fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
                        2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640
                        """))
        #expect(
            try Scrypt.derive(
                password: [UInt8]("pleaseletmein".utf8), salt: [UInt8]("SodiumChloride".utf8),
                parameters: ScryptParameters(cost: 16384, blockSize: 8, parallelization: 1), byteCount: 64)
                == [UInt8](
                    hex: """
                        7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2
                        d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887
                        """))
    }

    static let refused: [ScryptParameters] = [
        // Not a power of two above 1.
        (0, 8, 1), (1, 8, 1), (-2, 8, 1), (1000, 8, 1), (Int.min, 8, 1),
        // Factors below 1.
        (16, 0, 1), (16, 8, 0), (16, -1, -1),
        // N < 2^(16 r).
        (65536, 1, 1),
        // A gibibyte of memory, as in the last example of the RFC.
        (1_048_576, 8, 1),
        // Too much memory by the block size, by p alone, and by all.
        (2, 1 << 21, 1), (2, 8, 1 << 20), (1 << 20, 1 << 20, 1 << 20), (1 << 62, Int.max, Int.max),
        // Little memory, but hours of work.
        (16384, 8, 4096),
    ].map { ScryptParameters(cost: $0, blockSize: $1, parallelization: $2) }

    @Test("parameters outside the bounds are refused before any work", arguments: refused)
    func bounds(parameters: ScryptParameters) {
        let error = #expect(throws: CryptoError.self) {
            try Scrypt.derive(password: [1], salt: [2], parameters: parameters, byteCount: 32)
        }
        #expect(error?.code == .invalidParameter)
    }

    @Test("the bounds on memory and work are where they are said to be")
    func edges() throws {
        // 64 passes over 16 MiB are the most; a cost of 2^17 with blocks of 1 KiB takes 128 MiB, the next too much.
        try ScryptParameters(cost: 16384, blockSize: 8, parallelization: 64).validate()
        try ScryptParameters(cost: 1 << 17, blockSize: 8, parallelization: 8).validate()
        for (cost, passes) in [(16384, 65), (1 << 17, 9), (1 << 18, 1)] {
            let parameters = ScryptParameters(cost: cost, blockSize: 8, parallelization: passes)
            #expect(throws: CryptoError.self) { try parameters.validate() }
        }
    }

    @Test("whatever passes the bounds OpenSSL can do with the memory it is given")
    func largestMemory() throws {
        // 128 · r · (N + 2 + p) bytes are just within the limit.
        let nearLimit = ScryptParameters(cost: 2, blockSize: 419_430, parallelization: 1)
        #expect(try Scrypt.derive(password: [1], salt: [2], parameters: nearLimit, byteCount: 1).count == 1)
    }

    @Test("output lengths outside the bounds are refused", arguments: [0, -1, 1025, Int.max])
    func outputBounds(byteCount: Int) {
        let parameters = ScryptParameters(cost: 16, blockSize: 1, parallelization: 1)
        let error = #expect(throws: CryptoError.self) {
            try Scrypt.derive(password: [], salt: [], parameters: parameters, byteCount: byteCount)
        }
        #expect(error?.code == .invalidParameter)
    }

    @Test("password, salt and each factor change the output")
    func everyInputMatters() throws {
        func derive(_ password: [UInt8], _ salt: [UInt8], _ cost: Int, _ blockSize: Int, _ passes: Int) throws
            -> [UInt8]
        {
            let parameters = ScryptParameters(cost: cost, blockSize: blockSize, parallelization: passes)
            return try Scrypt.derive(password: password, salt: salt, parameters: parameters, byteCount: 32)
        }
        let outputs = try [
            derive([1], [2], 16, 1, 1), derive([3], [2], 16, 1, 1), derive([1], [2, 0], 16, 1, 1),
            derive([1], [2], 32, 1, 1), derive([1], [2], 16, 2, 1), derive([1], [2], 16, 1, 2),
        ]
        #expect(Set(outputs).count == outputs.count)
        #expect(try derive([1], [2], 16, 1, 1) == outputs[0])
    }
}
