import Testing

@Suite("The checks of the sources can fail")
struct CheckTests {
    @Test(
        "imports are found in every spelling",
        arguments: [
            ("import NIOCore", ["NIOCore"]),
            ("package import NIOCore", ["NIOCore"]),
            ("@preconcurrency import Hummingbird", ["Hummingbird"]),
            ("@_spi(Testing) public import Proxy", ["Proxy"]),
            ("    import struct Foundation.Date", ["Foundation"]),
            ("import Glibc; import GRDB", ["Glibc", "GRDB"]),
            ("#if canImport(Musl)\nimport Musl // why\n#endif", ["Musl"]),
            ("/* import A */ import B", ["B"]),
        ])
    func importsAreFound(source: String, modules: [String]) {
        #expect(SourceChecks.imports(in: SourceText(source)).map(\.module) == modules)
    }

    @Test(
        "what only looks like an import is none",
        arguments: [
            "// import GRDB", "/// import GRDB", "/* a\nimport GRDB\n/* nested */ import GRDB */",
            "let text = \"\"\"\n    import GRDB\n    \"\"\"", "let importantThing = 1", "#if canImport(GRDB)",
        ])
    func noImports(source: String) {
        #expect(SourceChecks.imports(in: SourceText(source)).isEmpty)
    }

    @Test(
        "traps are found",
        arguments: [
            "fatalError(\"no\")", "let a = try! read()", "let a = b as! Int", "let a = b!", "b!.count", "call()!",
            "list[0]!", "var handler: Handler!", "let a: [Int?]! = nil", "a = b! + c", "print(\"\\(value!)\")",
            "let a = Int(\"5\")!", "let a = #\"\\\"#.first!", "let a = b! // why",
            "/// A doc comment says no reason.\na = b!",
            "// a reason for another line\nlet c = 1\na = b!", "let a = 1 // the reason of the line before\na = b!",
        ])
    func trapsAreFound(source: String) {
        #expect(SourceChecks.unreasonedTraps(in: SourceText(source)).count == 1)
    }

    @Test(
        "what is no trap, or has its reason, passes",
        arguments: [
            "if !a { return }", "a != b", "a !== b", "call(!a)", "[!a]", "#if !os(Linux)", "let text = \"stop!\"",
            "let text = \"a \\(b) c!\"", "let text = #\"\\(b!)\"#", "let text = \"\"\"\n    try! as! x!\n    \"\"\"",
            "// never use try! here", "/* a! */", "let a = \"\\\"!\"", "a = b!  // set two lines above",
            "// The table is never empty.\na = b!", "// It was checked\n// on the way in.\nfatalError()",
        ])
    func noTraps(source: String) {
        #expect(SourceChecks.unreasonedTraps(in: SourceText(source)) == [])
    }

    @Test("the number of the line is told")
    func linesAreCounted() {
        let text = SourceText("import A\n\n\"\"\"\n\\(b!)\n\"\"\"\nimport C\nd!\n")
        #expect(SourceChecks.imports(in: text).map(\.line) == [1, 6])
        #expect(SourceChecks.unreasonedTraps(in: text) == [4, 7])
    }

    @Test("rows of the document are read")
    func documentRows() {
        let rows = DocumentText.importRows(
            in: "| target | is | imports |\n| --- | --- | --- |\n| `A`, `B` | x | `C`, `D` |\n| `E` | y | – |\n")
        #expect(rows == ["A": ["C", "D"], "B": ["C", "D"], "E": []])
    }
}
