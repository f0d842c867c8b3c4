import JOSE
import Testing

@Suite("JSON")
struct JSONParserTests {
    private func code(_ text: String, limits: JSONLimits = .document) -> JSONError.Code? {
        code([UInt8](text.utf8), limits: limits)
    }

    private func code(_ text: [UInt8], limits: JSONLimits = .document) -> JSONError.Code? {
        do throws(JSONError) {
            _ = try JSONParser(limits: limits).parse(text)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("values keep their order, escapes are undone, numbers stay as written")
    func values() throws {
        let text = #" {"b":[1,-0.50e+3,true,false,null],"a":{"\u00e9\n":"\ud83d\ude00\/\"\\\b\f\r\t"},"":""} "#
        let value = try JSONParser().parse([UInt8](text.utf8))
        #expect(value.object?.members.map(\.name) == ["b", "a", ""])
        #expect(value["b"]?.array?[1].number?.text == "-0.50e+3")
        #expect(value["b"]?.array?.last == .null)
        #expect(value["a"]?["\u{E9}\n"]?.string == "\u{1F600}/\"\\\u{8}\u{C}\r\t")
        #expect(
            JSONWriter.text(of: value)
                == #"{"b":[1,-0.50e+3,true,false,null],"a":{"é\u000a":"😀/\"\\\u0008\u000c\u000d\u0009"},"":""}"#)
    }

    @Test(
        "a duplicate member name is refused wherever it is and however it is escaped",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"iss":1,"\u0069ss":2}"#, #"{"\u0069ss":1,"iss":2}"#,
            #"{"\u0061":1,"\u0061":2}"#, #"[{"x":{"a":1,"a":2}}]"#, #"{"a":{"b":1},"c":[{"d":1,"d":1}]}"#,
            #"{"":1,"":2}"#, #"{"a":{"a":1},"a":2}"#, #"{"\ud83d\ude00":1,"😀":2}"#, #"{"/":1,"\/":2}"#,
        ])
    func duplicates(text: String) {
        #expect(code(text) == .duplicateName)
    }

    @Test(
        "equal names in different objects, and names that only look alike, are not duplicates",
        arguments: [
            #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":[{"a":1},{"a":1}],"b":{"a":1}}"#,
            "{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"K\":1,\"\u{212A}\":2}", #"{"a":1,"A":2}"#, #"{"a":1,"a\u0000":2}"#,
        ])
    func distinctNames(text: String) {
        #expect(code(text) == nil)
    }

    @Test(
        "half a surrogate pair is refused",
        arguments: [
            #""\ud800""#, #""\udc00""#, #""\udc00\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#,
            #""\udbff\u0041""#,
            #"{"\ud800":1}"#, #""\udc00\ud800""#,
        ])
    func loneSurrogates(text: String) {
        #expect(code(text) == .loneSurrogate)
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE], [0xC2], [0xE1, 0x80],
            [0xF1, 0x80, 0x80],
            [0xC2, 0x20], [0xE1, 0x80, 0xC0], [0xF1, 0x80, 0x80, 0x41],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for padding in 0...9 {
            let before = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            #expect(code([0x22] + before + bytes + [0x22]) == .invalidUTF8)
            #expect(code([0x22] + before + bytes + before + [0x22]) == .invalidUTF8)
        }
    }

    @Test("every Unicode scalar comes through, plain and escaped")
    func allScalars() throws {
        for value in stride(from: UInt32(0x20), through: 0x10FFFF, by: 37) {
            guard let scalar = Unicode.Scalar(value), scalar != "\"", scalar != "\\" else { continue }
            let string = String(Character(scalar))
            #expect(try JSONParser().parse([UInt8]("\"\(string)\"".utf8)).string == string)
            let escaped = string.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
            #expect(try JSONParser().parse([UInt8]("\"\(escaped)\"".utf8)).string == string)
        }
    }

    @Test("each control character must be escaped, at each place of a machine word")
    func controlCharacters() {
        for byte in UInt8(0)..<0x20 {
            for padding in 0...17 {
                let before = [UInt8](repeating: UInt8(ascii: "~"), count: padding)
                #expect(code([0x22] + before + [byte] + before + [0x22]) == .syntax)
            }
        }
        #expect(code("\"\u{7F}\"") == nil)
    }

    @Test(
        "texts that are almost JSON are refused",
        arguments: [
            "", " ", "nul", "truefalse", "[1,]", "[,1]", "[1 2]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{1:2}",
            "{a:1}", "[1]]", "{}{}", "{} x", "[}", "{]", "01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN",
            "Infinity", "'a'", #""\x41""#, #""\u12g4""#, #""\u123""#, #""a"#, #""\"#, "\u{FEFF}{}", "[1]\0", "/**/1",
            "\u{A0}1", "[\u{B}1]", "tru", "[true", "{\"a\":1",
        ])
    func almostJSON(text: String) {
        #expect(code(text) == .syntax)
    }

    @Test("no beginning of a text is a text")
    func truncation() {
        let text = [UInt8](#"{"a":[1.5e3,"x\u00e9\ud83d\ude00y",{"b":null}],"é":true}"#.utf8)
        #expect(code(text) == nil)
        for count in 0..<text.count {
            #expect(code(Array(text[..<count])) != nil)
        }
    }

    @Test("depth is bounded, exactly")
    func depth() {
        let limits = JSONLimits(maximumByteCount: 1 << 20, maximumDepth: 16, maximumMemberCount: 10)
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            func nested(_ depth: Int) -> String {
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            }
            #expect(code(nested(16), limits: limits) == nil)
            #expect(code(nested(17), limits: limits) == .tooDeep)
            #expect(code(nested(64)) == nil)
            #expect(code(nested(65)) == .tooDeep)
        }
        #expect(code(String(repeating: "[", count: 500_000)) == .tooDeep)
    }

    @Test("size and the number of members are bounded, exactly")
    func sizes() {
        let limits = JSONLimits(maximumByteCount: 40, maximumDepth: 4, maximumMemberCount: 3)
        #expect(code(#"{"a":1,"b":2,"c":3}"#, limits: limits) == nil)
        #expect(code(#"{"a":1,"b":2,"c":3,"d":4}"#, limits: limits) == .tooManyMembers)
        #expect(code("\"" + String(repeating: "a", count: 38) + "\"", limits: limits) == nil)
        #expect(code("\"" + String(repeating: "a", count: 39) + "\"", limits: limits) == .tooLarge)
    }

    @Test("random damage never crashes, and what is accepted is written and read back the same")
    func damage() throws {
        var generator = SeededGenerator()
        let text = [UInt8](#"{"a":[1.5e-3,"x\u00e9\ud83d\ude00y",{"b":null,"c":[]}],"é":true,"n":-0}"#.utf8)
        let alphabet = [UInt8](#"{}[]:,"\ u0189deE+-.tfn"#.utf8) + [0, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<damaged.count, using: &generator)
                let byte = alphabet.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: damaged[place] = byte
                case 1: damaged.insert(byte, at: place)
                default: damaged.remove(at: place)
                }
            }
            guard let value = try? JSONParser().parse(damaged) else { continue }
            #expect(try JSONParser().parse(JSONWriter.bytes(of: value)) == value, "seed \(generator.seed)")
        }
    }
}
