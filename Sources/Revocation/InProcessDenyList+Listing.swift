extension InProcessDenyList: RevocationListing {
    /// A page in the order of the names; see ``RevocationListing``.
    package func revocations(
        after cursor: String?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RevocationPage? {
        let names = namesInForce(nowMilliseconds: nowMilliseconds).filter { cursor == nil || $0.name > cursor ?? "" }
        let sorted = names.sorted { $0.name < $1.name }
        let page = sorted.prefix(limit)
        return RevocationPage(
            revocations: page.compactMap { entry in
                // The kind, then the name, which may hold colons itself.
                let parts = entry.name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard let kind = parts.first.flatMap({ RevocationKind(rawValue: String($0)) }) else { return nil }
                return RecordedRevocation(
                    kind: kind, id: parts.count == 2 ? String(parts[1]) : "",
                    cutoffMilliseconds: entry.cutoffMilliseconds, untilMilliseconds: entry.untilMilliseconds,
                    reason: entry.reason)
            }, next: sorted.count > limit ? page.last?.name : nil)
    }
}
