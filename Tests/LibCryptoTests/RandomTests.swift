import LibCrypto
import Testing

@Suite("Random bytes and comparison")
struct RandomTests {
    @Test("as many bytes come as were asked for", arguments: [0, 1, 16, 32, 4097, Random.maximumByteCount])
    func count(count: Int) throws {
        #expect(try Random.bytes(count).count == count)
    }

    @Test("two draws differ, and every bit position moves")
    func variety() throws {
        #expect(try Random.bytes(16) != Random.bytes(16))
        // A bit that stays the same over 256 draws has a chance of 2^-255.
        let draws = try (0..<256).map { _ in try Random.bytes(8) }
        for index in 0..<8 {
            #expect(draws.reduce(0) { $0 | $1[index] } == 0xff)
            #expect(draws.reduce(0xff) { $0 & $1[index] } == 0)
        }
    }

    @Test("negative and unbounded counts are refused", arguments: [-1, Int.min, Random.maximumByteCount + 1, Int.max])
    func bounds(count: Int) {
        let error = #expect(throws: CryptoError.self) { try Random.bytes(count) }
        #expect(error?.code == .invalidParameter)
    }

    @Test("equal bytes compare equal, any difference does not")
    func comparison() {
        let bytes = [UInt8](0..<40)
        #expect(constantTimeEqual(bytes, bytes))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x40
            #expect(!constantTimeEqual(bytes, changed))
        }
    }

    @Test("different lengths are never equal, and nothing equals nothing")
    func comparisonOfLengths() {
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(!constantTimeEqual([], [0]))
        #expect(constantTimeEqual([], []))
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(constantTimeEqual(none, none))
    }
}
