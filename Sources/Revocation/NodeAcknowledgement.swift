package import RedisClient

/// Waits until every node that may answer from its mirror has applied what was written.
///
/// Such a node holds a lease in Redis, which it renews each time it asks where the stream stands, and which outlives the
/// time for which it may answer. So a lease that has run out belongs to a node that asks Redis, or that is gone.
package struct NodeAcknowledgement: Sendable {
    private static let pause = Duration.milliseconds(2)

    private let client: RedisClient
    private let keys: RevocationKeys
    private let leaseMilliseconds: Int64

    /// - Parameters:
    ///   - client: the Redis that holds the deny-list.
    ///   - keys: the names.
    ///   - leaseMilliseconds: how long a lease is; see ``MirrorTail/leaseMilliseconds(of:)``.
    package init(client: RedisClient, keys: RevocationKeys, leaseMilliseconds: Int64) {
        self.client = client
        self.keys = keys
        self.leaseMilliseconds = leaseMilliseconds
    }

    /// Waits for what is in the stream now.
    /// - Parameter epoch: what Redis was known by when it was written to; another one has lost it.
    /// - Throws: ``RevocationFailure`` when Redis does not answer or has another epoch, or leases are renewed without
    ///   progress.
    package func wait(epoch: String) async throws(RevocationFailure) {
        let position = try await lastPosition()
        // Every lease of now has run out by then, or been renewed.
        let end = ContinuousClock.now + .milliseconds(2 * leaseMilliseconds)
        repeat {
            if try await isApplied(position, epoch) { return }
            try? await Task.sleep(for: Self.pause)
        } while ContinuousClock.now < end && !Task.isCancelled
        throw .unavailable(detail: "nodes behind")
    }

    private func lastPosition() async throws(RevocationFailure) -> StreamPosition {
        do throws(RedisFailure) {
            let reply = try await client.execute("XREVRANGE", keys.stream, "+", "-", "COUNT", "1")
            guard case .array(let entries) = reply else { throw RedisFailure.protocolViolation }
            guard let entry = entries.first else { return .start }
            guard case .array(let parts) = entry, case .bulk(let id)? = parts.first,
                let position = StreamPosition(id)
            else { throw RedisFailure.protocolViolation }
            return position
        } catch {
            throw RevocationFailure(error)
        }
    }

    private func isApplied(_ position: StreamPosition, _ epoch: String) async throws(RevocationFailure) -> Bool {
        let behind: RedisValue
        do throws(RedisFailure) {
            let arguments = [
                String(position.milliseconds), String(position.sequence), String(leaseMilliseconds), epoch,
            ]
            behind = try await client.evaluate(
                MirrorScripts.behind, keys: [keys.mirrors, keys.epoch], arguments: arguments)
        } catch {
            throw RevocationFailure(error)
        }
        if behind == .integer(-1) { throw .lost }
        return behind == .integer(0)
    }
}
