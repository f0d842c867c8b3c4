import Foundation
import TestSupport

/// A span as a collector gets it.
struct ExportedSpan {
    enum Fault: Error {
        case malformed(String)
    }

    var traceID: String
    var spanID: String
    var parent: String?
    var name: String
    var kind: Int
    var start: UInt64
    var end: UInt64
    var attributes: [String: String]
    var events: [String]
    var isError: Bool

    /// The spans of a document, which must keep to OTLP's form.
    static func read(_ body: [UInt8], service: String = "portcullis") throws -> [ExportedSpan] {
        let text = String(decoding: body, as: UTF8.self)
        guard let document = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let resources = document["resourceSpans"] as? [[String: Any]], resources.count == 1,
            let resource = resources[0]["resource"] as? [String: Any],
            try attributes(resource["attributes"])["service.name"] == service,
            let scopes = resources[0]["scopeSpans"] as? [[String: Any]], scopes.count == 1,
            (scopes[0]["scope"] as? [String: Any])?["name"] as? String == "portcullis",
            let spans = scopes[0]["spans"] as? [[String: Any]]
        else { throw Fault.malformed(text) }
        return try spans.map(ExportedSpan.init)
    }

    /// All spans that a collector has got.
    static func all(_ collector: RecordingBackend) throws -> [ExportedSpan] {
        try collector.arrivals.flatMap { try read($0.body) }
    }

    private init(_ object: [String: Any]) throws {
        guard let traceID = object["traceId"] as? String, traceID.wholeMatch(of: /[0-9a-f]{32}/) != nil,
            let spanID = object["spanId"] as? String, spanID.wholeMatch(of: /[0-9a-f]{16}/) != nil,
            let name = object["name"] as? String, let kind = object["kind"] as? Int, (1...5).contains(kind),
            let start = (object["startTimeUnixNano"] as? String).flatMap(UInt64.init),
            let end = (object["endTimeUnixNano"] as? String).flatMap(UInt64.init), start <= end,
            let status = object["status"] as? [String: Any]
        else { throw Fault.malformed("\(object)") }
        self.traceID = traceID
        self.spanID = spanID
        parent = object["parentSpanId"] as? String
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        attributes = try Self.attributes(object["attributes"])
        events = (object["events"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        isError = status["code"] as? Int == 2
    }

    private static func attributes(_ list: Any?) throws -> [String: String] {
        guard let list = list as? [[String: Any]] else { throw Fault.malformed("\(list ?? "no attributes")") }
        var found: [String: String] = [:]
        for attribute in list {
            guard let key = attribute["key"] as? String, let value = attribute["value"] as? [String: String],
                value.count == 1, let (kind, text) = value.first, ["stringValue", "intValue"].contains(kind)
            else { throw Fault.malformed("\(attribute)") }
            found[key] = text
        }
        return found
    }
}
