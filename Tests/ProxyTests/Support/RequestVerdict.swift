import Foundation
import TestSupport
import Testing

/// Judges what came of a request of the shared corpus, as its README has it.
enum RequestVerdict {
    /// The status of the first answer.
    static func status(of bytes: [UInt8]) -> Int? {
        guard bytes.count > 12 else { return nil }
        return Int(String(decoding: bytes[9..<12], as: UTF8.self))
    }

    /// Whether the gateway refused: it answered with an error, or closed, and nothing reached the backend.
    static func isRefusal(_ status: Int?, _ requests: [Backend.Request]) -> Bool {
        (status == nil || (400...599).contains(status ?? 0)) && requests.isEmpty
    }

    /// Whether the gateway answers this method or target itself, and how.
    static func ownAnswer(_ row: RequestVector) -> Int? {
        let method = String(decoding: row.raw.prefix { $0 != 0x20 }, as: UTF8.self)
        if method == "TRACE" || method == "CONNECT" { return 501 }
        return method == "OPTIONS" && row.raw.dropFirst(8).first == UInt8(ascii: "*") ? 204 : nil
    }

    /// Expects of a request and what came of it that they fit.
    ///
    /// - Returns: whether it is one that we refuse and the corpus lets through, with our reason.
    static func expect(
        _ row: RequestVector, status: Int?, isAnsweredEarly: Bool, _ requests: [Backend.Request],
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> Bool {
        if RequestVector.stricter[row.id] != nil, isRefusal(status, requests) { return true }
        if row.strict == "accept" {
            accepted(row, status: status, requests, sourceLocation)
            return false
        }
        #expect(isRefusal(status, requests), "\(row.id): \(status ?? 0), \(requests)", sourceLocation: sourceLocation)
        if row.strict == "wait" {
            #expect(!isAnsweredEarly, "\(row.id): answered too early", sourceLocation: sourceLocation)
        }
        return false
    }

    private static func accepted(
        _ row: RequestVector, status: Int?, _ requests: [Backend.Request], _ sourceLocation: SourceLocation
    ) {
        if let own = ownAnswer(row) {
            #expect(status == own && requests.isEmpty, "\(row.id)", sourceLocation: sourceLocation)
            return
        }
        #expect(status == 200, "\(row.id): \(status ?? 0)", sourceLocation: sourceLocation)
        if row.oracle.restLength ?? 0 == 0 {
            #expect(requests.count == 1, "\(row.id): \(requests.count) requests", sourceLocation: sourceLocation)
        }
        guard let request = requests.first else { return }
        let framings = request.all("Content-Length").count + request.all("Transfer-Encoding").count
        #expect(request.body == [UInt8](row.body ?? Data()), "\(row.id): body", sourceLocation: sourceLocation)
        #expect(request.all("Host").count == 1, "\(row.id): Host", sourceLocation: sourceLocation)
        #expect(framings <= 1, "\(row.id): framing", sourceLocation: sourceLocation)
    }
}
