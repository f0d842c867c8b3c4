/// Reads `routes`.
struct RoutesReader {
    let values: ValueReader
    /// The names of the upstreams, when they are known.
    let upstreamNames: [String]?
    let defaultOutagePolicy: Configuration.OutagePolicy
    /// Whether there is anybody whose tokens a protected route could accept.
    let hasIssuers: Bool
    /// Whether there is a database in which API keys could be.
    let hasCredentials: Bool
    /// Whether there is a Redis in which nodes can count together.
    let hasRedis: Bool

    private var problems: ProblemList { values.problems }

    func read(_ root: SectionReader) -> [Configuration.Route] {
        guard let node = root.required("routes", "write what goes where: [{path: /, upstream: api, auth: none}]") else {
            return []
        }
        var places: [Place: [(path: String, methods: [String]?)]] = [:]
        return values.list(node, of: "routes") { element in
            let section = SectionReader(element, values: values)
            defer { section.end() }
            guard let route = read(section) else { return nil }
            checkOverlap(route, at: element, known: &places)
            return route
        } ?? []
    }

    private func read(_ section: SectionReader) -> Configuration.Route? {
        let path = section.required("path", "write what the path of a request begins with, such as /api/").flatMap {
            node in
            values.text(node, as: RoutePath.parse)
        }
        let host = section.node("host").map { node in values.text(node, as: HostName.parse) }
        let methods = section.node("methods").map { node in
            values.distinctList(node, of: "methods", allowsEmpty: false) { element in
                values.text(element, as: MethodName.parse)
            }
        }
        let upstreamName = section.required("upstream", "write the name of one of the upstreams").flatMap(upstreamName)
        let access = RouteAccessReader(values: values, hasIssuers: hasIssuers, hasCredentials: hasCredentials)
            .read(section, methods: methods ?? nil)
        let stripsPrefix = section.boolean("strip_prefix", default: false)
        let forwardsCredentials = section.boolean("forward_credentials", default: false)
        let onUnavailable = section.value("on_unavailable", default: defaultOutagePolicy, values.outagePolicy)
        let rateLimit = section.node("rate_limit").flatMap {
            RateLimitReader(values: values, hasRedis: hasRedis).read($0, access: access)
        }
        if access == .anyone, section.isWritten("on_unavailable") {
            problems.add(
                .conflict, at: section.position(of: "on_unavailable"), path: "\(section.path).on_unavailable",
                found: "means nothing on a route with `auth: none`", expected: "leave it out")
        }
        // A refused host or method list is `.some(nil)`: such a route must not stand for every host or method.
        guard let path, let upstreamName, let access, host != .some(nil), methods != .some(nil) else { return nil }
        return Configuration.Route(
            path: path,
            host: host ?? nil,
            methods: methods ?? nil,
            upstreamName: upstreamName,
            stripsPrefix: stripsPrefix,
            access: access,
            forwardsCredentials: forwardsCredentials,
            onUnavailable: onUnavailable,
            rateLimit: rateLimit
        )
    }

    private func upstreamName(_ node: SettingNode) -> String? {
        guard let name = values.text(node, as: { (text) throws(SettingMismatch) in text }) else { return nil }
        guard let upstreamNames, !upstreamNames.contains(name) else { return name }
        let isSubstituted = node.scalar?.isSubstituted ?? true
        problems.add(
            .unknownName, at: node.position, path: node.path,
            found: "found \(node.scalar?.shown ?? "nothing"), which is not in upstreams",
            expected: upstreamNames.isEmpty
                ? "there are none"
                : "expected one of: \(upstreamNames.map(SettingScalar.shown).joined(separator: ", "))",
            suggestion: isSubstituted ? nil : EditDistance.nearest(to: name, among: upstreamNames))
        return nil
    }

    // MARK: Overlap

    private struct Place: Hashable {
        var host: String?
        var path: String
    }

    private func checkOverlap(
        _ route: Configuration.Route, at node: SettingNode, known: inout [Place: [(path: String, methods: [String]?)]]
    ) {
        let place = Place(host: route.host, path: route.path)
        let clash = known[place, default: []].first { earlier in
            guard let first = earlier.methods, let second = route.methods else { return true }
            return !Set(first).isDisjoint(with: second)
        }
        if let clash {
            problems.add(
                .conflict, at: node.position, path: node.path,
                found: "the same host, path and a method as \(clash.path)", expected: "one route for each request")
        }
        known[place, default: []].append((node.path, route.methods))
    }
}
