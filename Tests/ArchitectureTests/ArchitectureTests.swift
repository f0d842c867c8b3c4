import Testing

@Suite("Architecture")
struct ArchitectureTests {
    @Test("each folder of Sources is in the table, and nothing else is")
    func tableIsComplete() throws {
        #expect(try Repository.targets() == Set(ImportRules.table.map(\.target)))
        #expect(Set(ImportRules.table.map(\.target)).count == ImportRules.table.count)
    }

    @Test("a target imports only what the table allows", arguments: ImportRules.table.map(\.target))
    func importsAreAllowed(target: String) throws {
        let rule = try #require(ImportRules.table.first { $0.target == target })
        for (path, text) in try Repository.sources(of: target) {
            for (module, line) in SourceChecks.imports(in: text) where !rule.allowed.contains(module) {
                Issue.record("\(path):\(line): \(target) must not import \(module); see docs/ARCHITECTURE.md")
            }
        }
    }

    @Test("the table allows nothing that is not used", arguments: ImportRules.table.map(\.target))
    func tableIsTight(target: String) throws {
        let rule = try #require(ImportRules.table.first { $0.target == target })
        let used = Set(try Repository.sources(of: target).flatMap { SourceChecks.imports(in: $0.text).map(\.module) })
        let unused = rule.allowed.subtracting(ImportRules.everywhere).subtracting(used)
        #expect(unused.isEmpty, "the table lets \(target) import what it does not use")
    }

    @Test("docs/ARCHITECTURE.md shows the same table")
    func documentAgrees() throws {
        let rows = DocumentText.importRows(in: try Repository.contents(of: "docs/ARCHITECTURE.md"))
        for rule in ImportRules.table {
            #expect(rows[rule.target] == rule.own.union(rule.packages), "the row of \(rule.target)")
        }
    }

    @Test("nothing can end the process without a reason beside it", arguments: ImportRules.table.map(\.target))
    func nothingTraps(target: String) throws {
        for (path, text) in try Repository.sources(of: target) {
            for line in SourceChecks.unreasonedTraps(in: text) {
                Issue.record("\(path):\(line): this can end the process, and with it every client's connection")
            }
        }
    }
}

@Suite("The table of imports")
struct ImportTableTests {
    private func importers(of module: String) -> Set<String> {
        Set(ImportRules.table.filter { $0.allowed.contains(module) }.map(\.target))
    }

    @Test("a target imports only what stands above it")
    func tableIsInOrder() {
        var above: Set<String> = []
        for rule in ImportRules.table {
            #expect(rule.own.isSubset(of: above), "\(rule.target) imports something below it")
            above.insert(rule.target)
        }
    }

    @Test(
        "each foreign library is behind one target",
        arguments: [
            ("COpenSSL", "LibCrypto"), ("CHiredis", "RedisClient"), ("CCrypt", "Credentials"), ("GRDB", "Credentials"),
            ("CPostgres", "Credentials"),
            ("Yams", "GatewayConfiguration"), ("ArgumentParser", "portcullis"),
        ])
    func boundaryIsOneTargetThick(library: String, target: String) {
        #expect(importers(of: library) == [target])
    }

    @Test(
        "tokens, sessions and accounts know no HTTP",
        arguments: ["LibCrypto", "JOSE", "RedisClient", "RateLimiting", "Revocation", "Sessions", "Credentials"])
    func coreKnowsNoHTTP(target: String) throws {
        let rule = try #require(ImportRules.table.first { $0.target == target })
        #expect(rule.allowed.isDisjoint(with: ["HTTP1", "Proxy", "Hummingbird", "HTTPTypes", "NIOHTTP1", "Gateway"]))
    }

    @Test("cryptography and tokens do no input or output", arguments: ["LibCrypto", "JOSE"])
    func tokensDoNoIO(target: String) throws {
        let rule = try #require(ImportRules.table.first { $0.target == target })
        #expect(!rule.allowed.contains { $0.hasPrefix("NIO") || $0 == "Foundation" || $0 == "RedisClient" })
    }

    @Test("the data path knows no token and no store")
    func proxyKnowsNoToken() throws {
        let rule = try #require(ImportRules.table.first { $0.target == "Proxy" })
        #expect(rule.own == ["HTTP1", "PeerIdentity"])
    }
}
