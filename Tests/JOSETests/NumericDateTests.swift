import Testing

@testable import JOSE

@Suite("NumericDate")
struct NumericDateTests {
    private func date(_ text: String) -> NumericDate? {
        [UInt8](text.utf8).withUnsafeBytes { NumericDate(jsonNumber: $0) }
    }

    @Test(
        "every notation of a number is read exactly",
        arguments: [
            ("0", 0, 0), ("-0", 0, 0), ("0e999999999999999999999", 0, 0), ("0.000E-5", 0, 0),
            ("1800000600", 1_800_000_600, 0),
            ("1800000600.5", 1_800_000_600, 500_000_000), ("1.8000006e9", 1_800_000_600, 0),
            ("1.8000006E+9", 1_800_000_600, 0), ("18000006e2", 1_800_000_600, 0), ("180000060000e-2", 1_800_000_600, 0),
            ("0.18000006005e10", 1_800_000_600, 500_000_000), ("-5", -5, 0), ("-5.25", -6, 750_000_000),
            ("-0.000000001", -1, 999_999_999), ("1e-9", 0, 1), ("0.000000001", 0, 1), ("1.0000000000000000000", 1, 0),
            ("10e-1", 1, 0), ("253402300799", 253_402_300_799, 0), ("-253402300799", -253_402_300_799, 0),
            ("253402300799.999999999", 253_402_300_799, 999_999_999), ("100000000000", 100_000_000_000, 0),
            ("1e11", 100_000_000_000, 0), ("99999999999", 99_999_999_999, 0),
            ("0.1e12", 100_000_000_000, 0), ("1234567890.123456789", 1_234_567_890, 123_456_789),
            ("0.0000000000000000000018e30", 1_800_000_000, 0), ("123e-3", 0, 123_000_000),
            ("1800000000000000000000000000000e-21", 1_800_000_000, 0),
        ] as [(String, Int64, Int32)])
    func exact(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(date(text)?.seconds == seconds)
        #expect(date(text)?.nanoseconds == nanoseconds)
    }

    @Test(
        "absurd numbers are refused, never wrapped or rounded",
        arguments: [
            "253402300800", "-253402300800", "1e12", "1e308", "1e400", "-1e308", "9223372036854775807",
            "9223372036854775808", "18446744073709551616", "18446744073709551617", "99999999999999999999",
            "1e99999999999999999999999", "1e-10", "1e-99999999999999999999999", "1800000000.0000000001",
            "1800000600000", "0.1e13", "-9223372036854775809",
        ])
    func absurd(text: String) {
        #expect(date(text) == nil)
    }

    @Test("a number of a hundred thousand digits is read in one pass")
    func manyDigits() {
        #expect(date("1800000000." + String(repeating: "0", count: 100_000))?.seconds == 1_800_000_000)
        #expect(date(String(repeating: "9", count: 100_000)) == nil)
        #expect(date("1" + String(repeating: "0", count: 100_000) + "e-99991")?.seconds == 1_000_000_000)
    }

    @Test("random decimals agree with their construction")
    func random() {
        var generator = SeededGenerator()
        for _ in 0..<5_000 {
            let seconds = Int64.random(in: 0...253_402_300_799, using: &generator)
            let nanoseconds = Int32.random(in: 0...999_999_999, using: &generator)
            let digits = String(nanoseconds)
            let fraction = String(repeating: "0", count: 9 - digits.count) + digits
            let shift = Int.random(in: 0...12, using: &generator)
            let plain = date("\(seconds).\(fraction)")
            let shifted = date("\(seconds)\(fraction)\(String(repeating: "0", count: shift))e-\(9 + shift)")
            #expect(plain?.seconds == seconds, "seed \(generator.seed)")
            #expect(plain?.nanoseconds == nanoseconds, "seed \(generator.seed)")
            #expect(shifted == plain, "seed \(generator.seed)")
        }
    }

    @Test("dates are ordered, and distances compared, to the nanosecond")
    func order() throws {
        let early = try #require(date("10.000000001"))
        let late = try #require(date("40"))
        #expect(early < late)
        #expect(!late.isLater(than: early, byMoreThan: 30))
        #expect(late.isLater(than: early, byMoreThan: 29))
        #expect(late.isLater(than: try #require(date("9.999999999")), byMoreThan: 30))
        #expect(try #require(date("-0.001")).millisecondsRoundedDown == -1)
        #expect(try #require(date("1.9999")).millisecondsRoundedDown == 1999)
        #expect(NumericDate(seconds: .max).seconds == 253_402_300_799)
        #expect(NumericDate(seconds: .min).seconds == -253_402_300_799)
    }
}
