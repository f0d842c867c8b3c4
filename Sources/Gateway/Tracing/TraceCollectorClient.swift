import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PeerIdentity

/// Posts documents to the collector.
struct TraceCollectorClient: Sendable {
    /// Why one was not taken.
    enum Failure: Error, Equatable {
        case unreachable
        case timedOut
        case status(Int)
    }

    private static let answerByteLimit = 64 << 10
    /// How long one may take, its answer included.
    static let timeout = Duration.seconds(10)

    private let url: String
    private let headers: HTTPHeaders
    private let timeout: Duration
    private let client: HTTPClient

    /// - Parameters:
    ///   - url: where they go.
    ///   - headers: what is sent with them.
    ///   - group: whose loops carry the connection; not those of the data path.
    ///   - timeout: how long one may take.
    init(
        url: String, headers: [(String, String)] = [], group: any EventLoopGroup,
        timeout: Duration = TraceCollectorClient.timeout
    ) {
        self.url = url
        self.headers = HTTPHeaders(headers)
        self.timeout = timeout
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(2), read: TimeAmount(timeout)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        let peer = ExpectedPeer(ExpectedPeer.Host(url: url))
        configuration.http1_1ConnectionDebugInitializer = { peer.check($0) }
        // The export of spans makes none.
        configuration.tracing.tracer = nil
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Posts a document.
    ///
    /// - Returns: how many of its spans the collector says it has refused.
    func post(_ document: [UInt8]) async throws(Failure) -> Int {
        let outcome = await withTaskGroup(of: Result<Int, Failure>.self) { group in
            group.addTask {
                do throws(Failure) { return .success(try await exchange(document)) } catch { return .failure(error) }
            }
            // The client's own deadline ends with the head of the answer, so the whole is timed here.
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(.timedOut)
            }
            let first = await group.next() ?? .failure(.timedOut)
            group.cancelAll()
            return first
        }
        return try outcome.get()
    }

    private func exchange(_ document: [UInt8]) async throws(Failure) -> Int {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "User-Agent": "portcullis"]
        request.headers.add(contentsOf: headers)
        request.body = .bytes(ByteBuffer(bytes: document))
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            throw .timedOut
        } catch {
            throw .unreachable
        }
        guard (200..<300).contains(response.status.code) else { throw .status(Int(response.status.code)) }
        do {
            return Self.rejectedSpanCount(try await response.body.collect(upTo: Self.answerByteLimit))
        } catch {
            // It has the spans; what else it wanted to say is too long, or was lost.
            return 0
        }
    }

    /// What the answer says of spans that it did not take (`partialSuccess.rejectedSpans`).
    static func rejectedSpanCount(_ answer: ByteBuffer) -> Int {
        guard let object = try? JSONSerialization.jsonObject(with: Data(answer.readableBytesView)) as? [String: Any],
            let partial = object["partialSuccess"] as? [String: Any]
        else { return 0 }
        // 64-bit numbers are strings in this protocol, but not everybody's.
        let count = (partial["rejectedSpans"] as? String).flatMap { Int($0) } ?? partial["rejectedSpans"] as? Int ?? 0
        return max(count, 0)
    }

    /// Ends its connection.
    func shutdown() async {
        try? await client.shutdown()
    }
}
