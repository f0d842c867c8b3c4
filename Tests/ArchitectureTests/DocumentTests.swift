import Testing

@Suite("What documents name is there")
struct DocumentTests {
    static let documents = [
        "README.md", "CHANGELOG.md", "docs/ARCHITECTURE.md", "docs/CONFIGURATION.md", "docs/OPERATIONS.md",
        "docs/THREAT_MODEL.md", "docs/PERFORMANCE.md", "docs/COOKBOOK.md", "docs/ENDPOINTS.md", "docs/MIGRATION.md",
    ]

    @Test("every source file that a document names", arguments: documents)
    func sourceFilesExist(document: String) throws {
        let names = DocumentText.sourceFiles(in: try Repository.contents(of: document))
        let files = try Repository.swiftFiles()
        for name in names where !files.contains(where: { $0.hasSuffix("/" + name) }) {
            Issue.record("\(document) names \(name), which is not there")
        }
    }

    @Test("every document that a document links to", arguments: documents)
    func linksLead(document: String) throws {
        let folder = document.split(separator: "/").dropLast().joined(separator: "/")
        for link in DocumentText.links(in: try Repository.contents(of: document)) {
            #expect(Repository.exists(folder.isEmpty ? link : "\(folder)/\(link)"), "\(document) links to \(link)")
        }
    }

    /// Tests/Interop/documents.py runs them as the comments say.
    @Test(
        "above every block a comment says how it is run",
        arguments: ["README.md", "docs/COOKBOOK.md", "docs/MIGRATION.md"])
    func blocksAreMarked(document: String) throws {
        let lines = DocumentText.unmarkedBlocks(in: try Repository.contents(of: document))
        #expect(lines.isEmpty, "\(document): lines \(lines)")
    }

    @Test("blocks without a comment are found")
    func findingBlocks() {
        #expect(DocumentText.unmarkedBlocks(in: "<!-- run -->\n```sh\na\n```\n\n```\nb\n```\n") == [6])
    }

    @Test("names and links are found")
    func finding() {
        let text = "`a/B.swift`, [c](d.md#e) and [f](https://g.example), `h`"
        #expect(DocumentText.sourceFiles(in: text) == ["a/B.swift"])
        #expect(DocumentText.links(in: text) == ["d.md"])
    }
}
