import Foundation
import Testing

@testable import GatewayConfiguration

/// The schema is what editors know, the reader what is true: each test holds one to the other.
@Suite("The JSON Schema agrees with the reader")
struct SchemaTests {
    private typealias Object = [String: Any]

    /// One mapping of the schema: its key path (`NAME` for any name) and its schema.
    private struct Mapping {
        var path: String
        var schema: Object

        var properties: Object { schema["properties"] as? Object ?? [:] }
        var required: Set<String> { Set(schema["required"] as? [String] ?? []) }
    }

    private func schema() throws -> Object {
        let data = Data(try Fixture.packageFile("deploy/portcullis.schema.json").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? Object)
    }

    private func mappings(_ node: Object, path: String) -> [Mapping] {
        if let properties = node["properties"] as? Object {
            let inner = properties.sorted { $0.key < $1.key }.flatMap { key, value in
                mappings(value as? Object ?? [:], path: path.isEmpty ? key : "\(path).\(key)")
            }
            return [Mapping(path: path, schema: node)] + inner
        }
        if let named = node["additionalProperties"] as? Object {
            return mappings(named, path: "\(path).api")
        }
        if let items = node["items"] as? Object {
            return mappings(items, path: "\(path)[0]")
        }
        return (node["oneOf"] as? [Object] ?? []).flatMap { mappings($0, path: path) }
    }

    /// The example file with every mapping there is, as values.
    private func fullDocument() -> Object {
        [
            "version": 1,
            "listeners": [
                "public": ["tls": ["certificates": [["certificate": "c", "private_key": "k"]]]], "admin": Object(),
            ],
            "limits": Object(),
            "access_log": ["sample": 1],
            "reload": Object(),
            "redis": ["url": "redis+sentinel://a/m", "tls": Object(), "sentinel": Object()],
            "tokens": ["issuer": "https://a", "key_directory": "k"],
            "issuers": [
                ["issuer": "b", "jwks_file": "b", "audiences": ["c"], "algorithms": ["ES256"], "claims": Object()]
            ],
            "verification_cache": Object(),
            "revocation": Object(),
            "credentials": ["database": "postgres://u@h/d", "api_key_cache": Object()],
            "login": ["delegate": ["url": "https://a"]],
            "cors": Object(),
            "tracing": ["endpoint": "http://a/b"],
            "upstreams": ["api": ["targets": [["url": "https://a"]], "tls": Object(), "health": ["path": "/"]]],
            "routes": [
                [
                    "path": "/", "upstream": "api", "auth": ["any_of": ["jwt"], "methods": ["api": Object()]],
                    "rate_limit": ["requests": 1, "window": "1s", "key": "subject"],
                ]
            ],
        ]
    }

    /// Sets (or with `nil` removes) a value deep inside; steps are keys, `[0]` the first element.
    private func setting(_ value: Any?, at steps: ArraySlice<String>, in node: Any) -> Any {
        guard let step = steps.first else { return value ?? node }
        if step == "[0]" {
            var list = node as? [Any] ?? []
            if let first = list.first {
                list[0] = setting(value, at: steps.dropFirst(), in: first)
            }
            return list
        }
        var object = node as? Object ?? [:]
        object[step] = steps.count == 1 ? value : setting(value, at: steps.dropFirst(), in: object[step] ?? Object())
        return object
    }

    private func steps(_ path: String) -> [String] {
        path.replacing("[0]", with: ".[0]").split(separator: ".").map(String.init)
    }

    private func problems(_ value: Any?, at path: String) throws -> [ConfigurationProblem] {
        let document = setting(value, at: steps(path)[...], in: fullDocument())
        let data = try JSONSerialization.data(
            withJSONObject: document, options: [.withoutEscapingSlashes, .sortedKeys])
        let environment = ["ADMIN_TOKEN": "t", "REDIS_URL": "redis://a", "SIGNING_KEY": "k", "REFRESH_KEY": "r"]
        let files = Fixture.files(["/run/secrets/redis_password": Array("p".utf8)])
        return Fixture.problems(String(decoding: data, as: UTF8.self), environment: environment, files: files)
    }

    private func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    @Test("the document the tests start from is right, and has every mapping of the schema")
    func startingPoint() throws {
        #expect(try problems(1, at: "version") == [])
        #expect(
            mappings(try schema(), path: "").map(\.path) == [
                "", "access_log", "cors", "credentials", "credentials.api_key_cache", "issuers[0]",
                "issuers[0].claims", "limits", "listeners", "listeners.admin",
                "listeners.public", "listeners.public.tls", "listeners.public.tls.certificates[0]", "login",
                "login.delegate", "redis", "redis.sentinel", "redis.tls", "reload", "revocation", "routes[0]",
                "routes[0].auth",
                "routes[0].auth.methods.api",
                "routes[0].rate_limit",
                "tokens", "tracing", "upstreams.api",
                "upstreams.api.health", "upstreams.api.targets[0]", "upstreams.api.tls", "verification_cache",
            ])
    }

    @Test("each mapping has the same keys in both")
    func keys() throws {
        for mapping in mappings(try schema(), path: "") {
            let path = join(mapping.path, "zzzzzzzzzzzz")
            let problem = try #require(try problems(1, at: path).first { $0.code == .unknownKey })
            #expect(problem.keyPath == path)
            let known = problem.expected.replacing("expected one of: ", with: "").split(separator: ", ").map(
                String.init)
            #expect(known == mapping.properties.keys.sorted(), "\(mapping.path)")
            #expect(mapping.schema["additionalProperties"] as? Bool == false)
        }
    }

    @Test("a key is missed by the reader just when the schema requires it")
    func required() throws {
        for mapping in mappings(try schema(), path: "") {
            for key in mapping.properties.keys {
                let path = join(mapping.path, key)
                let isMissed = try problems(nil, at: path).contains { $0.code == .missing && $0.keyPath == path }
                #expect(isMissed == mapping.required.contains(key), "\(path)")
            }
        }
    }

    @Test("examples, defaults, constants and every word of a choice are taken; other words are not")
    func values() throws {
        for mapping in mappings(try schema(), path: "") {
            for (key, value) in mapping.properties {
                let path = join(mapping.path, key)
                let property = try #require(value as? Object)
                let words = property["enum"] as? [Any] ?? []
                let constants = [property["const"], property["default"]].compactMap { $0 }
                for good in (property["examples"] as? [Any] ?? []) + words + constants {
                    let complaints = try problems(good, at: path).filter {
                        $0.keyPath.hasPrefix(path) && $0.code != .conflict
                    }
                    #expect(complaints == [], "\(path): \(good)")
                }
                guard !words.isEmpty || property["const"] != nil else { continue }
                let complaints = try problems("zzz", at: path)
                #expect(complaints.map(\.keyPath) == [path])
                if let names = words as? [String], !names.isEmpty, let expected = complaints.first?.expected {
                    let list = expected.replacing("expected ", with: "").replacing("one of: ", with: "")
                    #expect(list.split(separator: ", ").map(String.init) == names, "\(path)")
                }
            }
        }
    }

    @Test("lists of words take each word of the schema, and no other")
    func listedWords() throws {
        var listCount = 0
        for mapping in mappings(try schema(), path: "") {
            for (key, value) in mapping.properties {
                guard let items = (value as? Object)?["items"] as? Object, let words = items["enum"] as? [String] else {
                    continue
                }
                let path = join(mapping.path, key)
                #expect(try problems(words, at: path) == [], "\(path)")
                let complaint = try #require(try problems(["zzz"], at: path).first)
                let list = complaint.expected.replacing("expected ", with: "").replacing("one of: ", with: "")
                #expect(list.split(separator: ", ").map(String.init) == words, "\(path)")
                listCount += 1
            }
        }
        #expect(listCount == 2)
    }

    @Test("numbers at the bounds of the schema are taken, those beyond are not")
    func bounds() throws {
        for mapping in mappings(try schema(), path: "") {
            for (key, value) in mapping.properties {
                let path = join(mapping.path, key)
                guard let property = value as? Object, let least = property["minimum"] as? Int,
                    let most = property["maximum"] as? Int
                else { continue }
                #expect(try problems(least, at: path) == [] && problems(most, at: path) == [], "\(path)")
                #expect(try problems(least - 1, at: path).map(\.keyPath) == [path])
                #expect(try problems(most + 1, at: path).map(\.keyPath) == [path])
            }
        }
    }

    @Test("writing every default out changes nothing")
    func defaults() throws {
        var document: Any = fullDocument()
        document = setting(nil, at: ["access_log"], in: document)
        let before = try load(document)
        var count = 0
        for mapping in mappings(try schema(), path: "") where mapping.path != "access_log" {
            for (key, value) in mapping.properties {
                guard let property = value as? Object, let standard = property["default"],
                    join(mapping.path, key) != "issuers"
                else { continue }
                document = setting(standard, at: steps(join(mapping.path, key))[...], in: document)
                count += 1
            }
        }
        #expect(count > 35)
        #expect(try load(document) == before)
    }

    private func load(_ document: Any) throws -> Configuration {
        let data = try JSONSerialization.data(withJSONObject: document, options: .withoutEscapingSlashes)
        return try Fixture.load(String(decoding: data, as: UTF8.self))
    }

    @Test("each key has its row in the documentation, with its default")
    func documentation() throws {
        let rows = try Fixture.packageFile("docs/CONFIGURATION.md").split(separator: "\n").filter {
            $0.hasPrefix("| `")
        }
        var known: Set<String> = []
        for mapping in mappings(try schema(), path: "") {
            let path = mapping.path.replacing("upstreams.api", with: "upstreams.NAME")
                .replacing("methods.api", with: "methods.NAME").replacing("[0]", with: "[]")
            for (key, value) in mapping.properties {
                let name = join(path, key)
                known.insert(name)
                let row = try #require(rows.first { $0.hasPrefix("| `\(name)` |") }, "\(name)")
                if mapping.required.contains(key) {
                    #expect(row.contains("| required |"), "\(name)")
                } else if let standard = (value as? Object)?["default"] as? String {
                    #expect(row.contains("| `\(standard)` |"), "\(name)")
                }
            }
        }
        for row in rows {
            let name = String(row.dropFirst(3).prefix { $0 != "`" })
            #expect(known.contains(name), "\(name)")
        }
    }
}
