import GatewayConfiguration
import JOSE
import NIOCore

/// Whether the keys of other issuers can be had and used.
struct IssuerExamination: Sendable {
    private let issuers: [Configuration.Issuer]
    private let group: any EventLoopGroup

    init(_ issuers: [Configuration.Issuer], group: any EventLoopGroup) {
        self.issuers = issuers
        self.group = group
    }

    /// A finding for each issuer, in the order of the file.
    func findings() async -> [Finding] {
        await withTaskGroup(of: (Int, Finding).self) { tasks in
            for (index, issuer) in issuers.enumerated() {
                tasks.addTask { (index, await finding(issuer)) }
            }
            var found: [(Int, Finding)] = []
            for await finding in tasks { found.append(finding) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func finding(_ issuer: Configuration.Issuer) async -> Finding {
        let keys: JSONWebKeySet
        do {
            keys = try await self.keys(of: issuer)
        } catch let error as GatewayError {
            return Finding(.problem, "issuer", error.description)
        } catch let error as KeySetFailure {
            return Finding(
                .problem, "issuer",
                "issuer \(issuer.issuer): the keys cannot be had: \(error.description); its tokens get 503. Check "
                    + "jwks_uri and ca, and whether this machine may connect there")
        } catch {
            return Finding(.problem, "issuer", "issuer \(issuer.issuer): the keys cannot be used")
        }
        let algorithms = issuer.algorithms.compactMap { SignatureAlgorithm(rawValue: $0.rawValue) }
        let usable = keys.keys.filter { key in algorithms.contains { key.fits($0) } }
        guard !usable.isEmpty else {
            let names = algorithms.map(\.rawValue).joined(separator: ", ")
            return Finding(
                .problem, "issuer",
                "issuer \(issuer.issuer): none of its \(keys.keys.count) keys is for \(names); correct algorithms")
        }
        return Finding(.ok, "issuer", "issuer \(issuer.issuer): \(usable.count) keys")
    }

    private func keys(of issuer: Configuration.Issuer) async throws -> JSONWebKeySet {
        switch issuer.keySource {
        case .file(let path): return try KeySetFile.read(path, issuer: issuer.issuer)
        case .published(let settings):
            let fetcher = try IssuerKeySources.fetcher(
                settings, of: issuer, group: group, timeout: .milliseconds(Doctor.patienceMilliseconds))
            let outcome = await Self.fetch(
                IssuerKeySources.location(settings, of: issuer), issuer: issuer.issuer, fetcher)
            await fetcher.shutdown()
            return try outcome.get()
        }
    }

    private static func fetch(
        _ location: PublishedKeySet.Location, issuer: String, _ fetcher: HTTPDocumentFetcher
    ) async -> Result<JSONWebKeySet, KeySetFailure> {
        do throws(KeySetFailure) {
            let url: IssuerURL
            switch location {
            case .keySet(let address): url = address
            case .metadata(let addresses):
                url = try await PublishedKeySet.discover(addresses, issuer: issuer, fetcher)
            }
            guard case .document(let bytes, _, _) = try await fetcher.fetch(url, entityTag: nil) else {
                return .failure(.unreachable)
            }
            do throws(JOSEError) {
                return .success(try JSONWebKeySet(json: bytes, provenance: .published))
            } catch {
                throw .unusableKeySet(error.code)
            }
        } catch {
            return .failure(error)
        }
    }
}
