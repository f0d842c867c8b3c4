import HTTP1
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// What SwiftNIO's own decoder makes of the same bytes: the first message alone.
struct NIODecoder {
    enum End: Equatable {
        case complete, unfinished, refused
    }

    struct Outcome: Equatable {
        var end = End.unfinished
        /// Method and target, or the status.
        var startLine: String?
        var fields: [String] = []
        var body: [UInt8] = []
    }

    /// Reads a request in pieces.
    static func readRequest(_ raw: [UInt8], ends: [Int]) -> Outcome {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        defer { _ = try? channel.finish() }
        var outcome = Outcome()
        feed(channel, raw, ends, &outcome) { channel, outcome in
            guard let part = try channel.readInbound(as: HTTPServerRequestPart.self) else { return false }
            switch part {
            case .head(let head):
                outcome.startLine = "\(head.method.rawValue) \(head.uri)"
                outcome.fields = fields(head.headers)
            case .body(let bytes): outcome.body += bytes.readableBytesView
            case .end: outcome.end = .complete
            }
            return true
        }
        return outcome
    }

    /// Reads all requests in pieces.
    ///
    /// - Returns: methods and targets of those that are whole, and whether anything was refused or is not whole.
    static func readRequests(_ raw: [UInt8], ends: [Int]) -> (lines: [String], isClean: Bool) {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        defer { _ = try? channel.finish() }
        var lines: [String] = []
        var current: String?
        var start = 0
        do {
            for end in ends {
                try channel.writeInbound(ByteBuffer(bytes: raw[start..<end]))
                start = end
                while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
                    if case .head(let head) = part { current = "\(head.method.rawValue) \(head.uri)" }
                    guard case .end = part, let line = current else { continue }
                    lines.append(line)
                    current = nil
                }
            }
        } catch {
            return (lines, false)
        }
        return (lines, current == nil)
    }

    /// Reads the response to a request with this method; after the last byte the connection is closed.
    static func readResponse(_ raw: [UInt8], method: HTTP1.HTTPMethod, ends: [Int]) -> Outcome {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        defer { _ = try? channel.finish() }
        var outcome = Outcome()
        do {
            let request = HTTPRequestHead(version: .http1_1, method: .init(rawValue: method.name), uri: "/")
            try channel.writeOutbound(HTTPClientRequestPart.head(request))
        } catch {
            outcome.end = .refused
        }
        let take: (EmbeddedChannel, inout Outcome) throws -> Bool = { channel, outcome in
            guard let part = try channel.readInbound(as: HTTPClientResponsePart.self) else { return false }
            switch part {
            case .head(let head):
                outcome.startLine = "\(head.status.code)"
            case .body(let bytes): outcome.body += bytes.readableBytesView
            case .end: outcome.end = .complete
            }
            return true
        }
        feed(channel, raw, ends, &outcome, take)
        guard outcome.end == .unfinished else { return outcome }
        do {
            channel.pipeline.fireChannelInactive()
            channel.embeddedEventLoop.run()
            while outcome.end == .unfinished, try take(channel, &outcome) {}
            try channel.throwIfErrorCaught()
        } catch {
            if outcome.end == .unfinished { outcome.end = .refused }
        }
        return outcome
    }

    /// White space after a value is left to the user of that decoder; here it is cut off as the grammar has it.
    private static func fields(_ headers: HTTPHeaders) -> [String] {
        headers.map { name, value in
            let end = value.utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }
            return "\(name): \(end.map { String(value[...$0]) } ?? "")"
        }
    }

    private static func feed(
        _ channel: EmbeddedChannel, _ raw: [UInt8], _ ends: [Int], _ outcome: inout Outcome,
        _ take: (EmbeddedChannel, inout Outcome) throws -> Bool
    ) {
        var start = 0
        for end in ends where outcome.end == .unfinished {
            var failed = false
            do {
                try channel.writeInbound(ByteBuffer(bytes: raw[start..<end]))
            } catch {
                failed = true
            }
            start = end
            do {
                while outcome.end == .unfinished, try take(channel, &outcome) {}
            } catch {
                failed = true
            }
            if failed, outcome.end == .unfinished { outcome.end = .refused }
        }
    }
}
