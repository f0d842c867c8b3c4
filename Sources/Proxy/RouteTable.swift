package import HTTP1

/// Finds the route of a request: an exact host before any host, then the longest path, then the method.
///
/// A route's path covers itself and everything below it at segment boundaries, with or without a slash at its end:
/// `/api/` and `/api` both take `/api` and `/api/x`, never `/apix`. So the root of a protected tree cannot be reached
/// through a shorter public route.
package struct RouteTable: Sendable {
    /// What came of a look-up.
    package enum Match: Sendable, Equatable {
        /// The route with this index in ``routes``.
        case route(Int)
        /// No route covers the path.
        case notFound
        /// Routes cover the path, but not with this method; the methods they take.
        case methodNotAllowed(allow: String)
    }

    /// The routes of one path; a class, so that looking at one copies nothing.
    private final class Entry: Sendable {
        let path: [UInt8]
        let isExact: Bool
        let routes: [Int]
        let allow: String

        init(path: [UInt8], isExact: Bool, routes: [Int], allow: String) {
            self.path = path
            self.isExact = isExact
            self.routes = routes
            self.allow = allow
        }
    }

    private struct Methods: Sendable {
        var known: UInt16
        var others: [[UInt8]]
        var takesAny: Bool
    }

    /// The routes, in the order they were given.
    package let routes: [Route]
    private let methods: [Methods]
    private var hosts: [(name: [UInt8], entries: [Entry])] = []
    private var anyHost: [Entry] = []

    /// Makes a table.
    package init(_ routes: [Route]) {
        self.routes = routes
        methods = routes.map(Self.methods(of:))
        for host in Set(routes.compactMap(\.host)).sorted() {
            hosts.append((Array(host.utf8), Self.entries(routes, host: host)))
        }
        anyHost = Self.entries(routes, host: nil)
    }

    /// Finds the route for a request.
    ///
    /// - Parameters:
    ///   - authority: the `Host` value or the authority of an absolute-form target; may be empty.
    ///   - path: the path in its normal form.
    ///   - method: the method.
    ///   - methodName: its bytes, looked at only for methods that ``HTTPMethod`` does not name.
    /// - Returns: the route, or why there is none.
    package func match(
        authority: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer, method: HTTPMethod,
        methodName: UnsafeRawBufferPointer
    ) -> Match {
        if !hosts.isEmpty {
            let host = Authority.host(of: authority)
            for (name, entries) in hosts where Self.equalsIgnoringCase(host, name) {
                if let entry = Self.find(path, in: entries) { return resolve(entry, method, methodName) }
            }
        }
        guard let entry = Self.find(path, in: anyHost) else { return .notFound }
        return resolve(entry, method, methodName)
    }

    private func resolve(_ entry: Entry, _ method: HTTPMethod, _ name: UnsafeRawBufferPointer) -> Match {
        for index in entry.routes where takes(methods[index], method, name) { return .route(index) }
        return .methodNotAllowed(allow: entry.allow)
    }

    private func takes(_ methods: Methods, _ method: HTTPMethod, _ name: UnsafeRawBufferPointer) -> Bool {
        if methods.takesAny { return true }
        if method != .other { return methods.known & (1 << method.rawValue) != 0 }
        return methods.others.contains { $0.elementsEqual(name) }
    }

    private static func find(_ path: UnsafeRawBufferPointer, in entries: [Entry]) -> Entry? {
        for entry in entries where covers(entry, path) { return entry }
        return nil
    }

    @inline(__always)
    private static func covers(_ entry: Entry, _ path: UnsafeRawBufferPointer) -> Bool {
        let count = entry.path.count
        guard path.count >= count else { return false }
        for index in 0..<count where entry.path[index] != path[index] { return false }
        if path.count == count { return true }
        return !entry.isExact && path[count] == UInt8(ascii: "/")
    }

    private static func entries(_ routes: [Route], host: String?) -> [Entry] {
        struct Place: Hashable {
            var path: [UInt8]
            var isExact: Bool
        }
        var groups: [Place: [Int]] = [:]
        for (index, route) in routes.enumerated() where route.host == host {
            var path = Array(route.path.utf8)
            if !route.isExact { while path.last == UInt8(ascii: "/") { path.removeLast() } }
            groups[Place(path: path, isExact: route.isExact), default: []].append(index)
        }
        let entries = groups.map { place, indices in
            Entry(
                path: place.path, isExact: place.isExact, routes: indices,
                allow: allow(indices.flatMap { routes[$0].methods }))
        }
        return entries.sorted { left, right in
            if left.path.count != right.path.count { return left.path.count > right.path.count }
            if left.isExact != right.isExact { return left.isExact }
            return left.path.lexicographicallyPrecedes(right.path)
        }
    }

    /// The value of `Allow`: each method once, and HEAD with GET.
    private static func allow(_ methods: [String]) -> String {
        var names: [String] = []
        for method in methods {
            if !names.contains(method) { names.append(method) }
            if method == "GET", !names.contains("HEAD") { names.append("HEAD") }
        }
        return names.joined(separator: ", ")
    }

    private static func methods(of route: Route) -> Methods {
        var result = Methods(known: 0, others: [], takesAny: route.methods.isEmpty)
        for name in route.methods {
            let bytes = Array(name.utf8)
            let method = bytes.withUnsafeBytes { HTTPMethod($0) }
            if method == .other { result.others.append(bytes) } else { result.known |= 1 << method.rawValue }
            // Who may GET may ask for the head of it (RFC 9110 section 9.3.2).
            if method == .get { result.known |= 1 << HTTPMethod.head.rawValue }
        }
        return result
    }

    private static func equalsIgnoringCase(_ host: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        guard host.count == name.count else { return false }
        for index in 0..<name.count where host[index].lowercasedASCII != name[index] { return false }
        return true
    }
}
