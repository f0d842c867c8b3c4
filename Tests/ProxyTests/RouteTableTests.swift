import HTTP1
import Testing

@testable import Proxy

@Suite("The route table")
struct RouteTableTests {
    private func match(_ table: RouteTable, _ method: String, _ path: String, host: String = "") -> RouteTable.Match {
        Array(host.utf8).withUnsafeBytes { host in
            Array(path.utf8).withUnsafeBytes { path in
                Array(method.utf8).withUnsafeBytes { name in
                    table.match(authority: host, path: path, method: HTTPMethod(name), methodName: name)
                }
            }
        }
    }

    private func route(_ path: String, host: String? = nil, methods: [String] = [], isExact: Bool = false) -> Route {
        Route(label: path, host: host, path: path, isExact: isExact, methods: methods, destination: .upstream(0))
    }

    @Test("an exact host comes before any host, whatever the length of the path")
    func hostFirst() {
        let table = RouteTable([route("/a/b/c"), route("/a", host: "api.test"), route("/")])
        #expect(match(table, "GET", "/a/b/c", host: "api.test") == .route(1))
        #expect(match(table, "GET", "/a/b/c", host: "API.Test:8080") == .route(1))
        #expect(match(table, "GET", "/a/b/c", host: "other.test") == .route(0))
        #expect(match(table, "GET", "/a/b/c", host: "api.test.evil") == .route(0))
        #expect(match(table, "GET", "/x", host: "api.test") == .route(2))
        #expect(match(table, "GET", "/x") == .route(2))
    }

    @Test("an IPv6 literal is a host too")
    func literalHost() {
        let table = RouteTable([route("/", host: "[::1]"), route("/a")])
        #expect(match(table, "GET", "/a", host: "[::1]:80") == .route(0))
        #expect(match(table, "GET", "/a", host: "[::2]:80") == .route(1))
    }

    @Test("the longest path wins, in any order of declaration")
    func longestPath() {
        let routes = [route("/"), route("/api"), route("/api/admin/"), route("/api/admin/users")]
        for rotation in 0..<routes.count {
            let rotated = Array(routes[rotation...] + routes[..<rotation])
            let table = RouteTable(rotated)
            func label(_ path: String) -> String? {
                if case .route(let index) = match(table, "GET", path) { rotated[index].label } else { nil }
            }
            #expect(label("/api/admin/users/1") == "/api/admin/users")
            #expect(label("/api/admin/usersx") == "/api/admin/")
            #expect(label("/api/admin") == "/api/admin/")
            #expect(label("/api/adminx") == "/api")
            #expect(label("/apix") == "/")
        }
    }

    @Test("a path matches at segment boundaries only", arguments: ["/admin", "/admin/"])
    func segments(path: String) {
        let table = RouteTable([route(path)])
        for inside in ["/admin", "/admin/", "/admin/x"] { #expect(match(table, "GET", inside) == .route(0)) }
        for outside in ["/adminx", "/admi", "/", "/Admin", "/x/admin", ""] {
            #expect(match(table, "GET", outside) == .notFound)
        }
    }

    @Test("an exact route does not take what lies below it, and comes before a prefix of the same path")
    func exact() {
        let table = RouteTable([route("/a"), route("/a", isExact: true), route("/b", isExact: true)])
        #expect(match(table, "GET", "/a") == .route(1))
        #expect(match(table, "GET", "/a/") == .route(0))
        #expect(match(table, "GET", "/b/") == .notFound)
    }

    @Test("HEAD goes with GET, other methods are told which ones are allowed")
    func methods() {
        let table = RouteTable([route("/a", methods: ["GET", "PURGE"]), route("/a", methods: ["POST"])])
        #expect(match(table, "GET", "/a") == .route(0))
        #expect(match(table, "HEAD", "/a") == .route(0))
        #expect(match(table, "PURGE", "/a") == .route(0))
        #expect(match(table, "POST", "/a") == .route(1))
        #expect(match(table, "DELETE", "/a") == .methodNotAllowed(allow: "GET, HEAD, PURGE, POST"))
        #expect(match(table, "get", "/a") == .methodNotAllowed(allow: "GET, HEAD, PURGE, POST"))
        #expect(match(table, "PURG", "/a") == .methodNotAllowed(allow: "GET, HEAD, PURGE, POST"))
    }

    @Test("a method that is not allowed does not fall back to a shorter path")
    func noFallback() {
        let table = RouteTable([route("/"), route("/a", methods: ["GET"])])
        #expect(match(table, "POST", "/a") == .methodNotAllowed(allow: "GET, HEAD"))
    }
}
