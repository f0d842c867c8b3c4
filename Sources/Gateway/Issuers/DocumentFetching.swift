import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PeerIdentity

/// A document that was fetched.
enum FetchedDocument: Equatable, Sendable {
    /// It is still the one with the tag that was named (RFC 9110 section 15.4.5).
    case notModified(maximumAgeMilliseconds: Int64?)
    /// Another one.
    case document([UInt8], entityTag: String?, maximumAgeMilliseconds: Int64?)
}

/// Fetches documents of issuers.
protocol DocumentFetching: Sendable {
    /// Fetches one.
    ///
    /// - Parameters:
    ///   - url: its address.
    ///   - entityTag: the tag of the one that is there already.
    /// - Returns: the document.
    /// - Throws: ``KeySetFailure``.
    func fetch(_ url: IssuerURL, entityTag: String?) async throws(KeySetFailure) -> FetchedDocument
}

/// Fetches over HTTPS: certificates are verified, redirects not followed, size and time bounded.
struct HTTPDocumentFetcher: DocumentFetching {
    /// The longest document.
    private static let byteLimit = 256 * 1024
    /// How long a whole fetch may take: a server that sends a byte now and then must not hold it open.
    static let timeout = Duration.seconds(5)

    private let client: HTTPClient
    private let timeout: Duration
    /// One document is fetched at a time.
    private let peer = ExpectedPeer()

    /// - Parameters:
    ///   - group: the event loops its connections live on; not those of the data path.
    ///   - authoritiesFile: a file with the authorities to trust, in place of the system's.
    ///   - timeout: how long a whole fetch may take.
    /// - Throws: when that file holds no certificates.
    init(
        group: any EventLoopGroup, authoritiesFile: String?, timeout: Duration = HTTPDocumentFetcher.timeout
    ) throws {
        self.timeout = timeout
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authoritiesFile {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authoritiesFile))
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(2), read: TimeAmount(timeout)))
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = { [peer] in peer.check($0) }
        // One fetch now and then: a kept connection would only go stale.
        configuration.connectionPool.idleTimeout = .milliseconds(100)
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Ends its connections.
    func shutdown() async {
        try? await client.shutdown()
    }

    func fetch(_ url: IssuerURL, entityTag: String?) async throws(KeySetFailure) -> FetchedDocument {
        // The client's own deadline ends with the head of the answer, so the whole is timed here.
        let outcome = await withTaskGroup(of: Result<FetchedDocument, KeySetFailure>?.self) { group in
            group.addTask {
                do throws(KeySetFailure) {
                    return .success(try await exchange(url, entityTag: entityTag))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let outcome else { throw .unreachable }
        return try outcome.get()
    }

    private func exchange(_ url: IssuerURL, entityTag: String?) async throws(KeySetFailure) -> FetchedDocument {
        var request = HTTPClientRequest(url: url.text)
        request.headers.add(name: "Accept", value: "application/json, application/jwk-set+json")
        request.headers.add(name: "User-Agent", value: "portcullis")
        if let entityTag { request.headers.add(name: "If-None-Match", value: entityTag) }
        peer.expect(ExpectedPeer.Host(url: url.text))
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
        } catch {
            throw .unreachable
        }
        let age = CacheControl.maximumAgeMilliseconds(response.headers["cache-control"])
        if response.status == .notModified, entityTag != nil { return .notModified(maximumAgeMilliseconds: age) }
        guard response.status == .ok else { throw .status(Int(response.status.code)) }
        do {
            let body = try await response.body.collect(upTo: Self.byteLimit)
            return .document(
                Array(body.readableBytesView), entityTag: response.headers.first(name: "etag"),
                maximumAgeMilliseconds: age)
        } catch is NIOTooManyBytesError {
            throw .tooLarge
        } catch {
            throw .unreachable
        }
    }
}
