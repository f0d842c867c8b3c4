/// Looks revocations up for one event loop, without a lock.
///
/// It keeps the table it last read from, and takes the next one when there is one.
package final class RevocationIndexReader {
    private let index: RevocationIndex
    private var table: RevocationTable
    private var generation: Int

    /// Makes one; use it on one event loop only.
    package init(_ index: RevocationIndex) {
        self.index = index
        // In this order, so that a table exchanged in between is taken at the first look-up.
        generation = index.generation
        table = index.table
    }

    /// What is known of a token: `clear` means that nothing known here revokes it.
    ///
    /// Needs no clock: what has expired concerns no live token.
    package func verdict(for query: DenyListQuery) -> RevocationVerdict {
        // Without the form there is nothing to look up.
        guard query.digests.count == query.kinds.count else { return .unavailable }
        if index.isEmpty { return .clear }
        refresh()
        let issuedAt = UInt64(max(query.issuedAtMilliseconds, 0))
        var verdict = RevocationVerdict.clear
        for position in query.digests.indices {
            // The cut-off plus one; beyond every instant for a mark.
            let strength = table.strength(of: query.digests[position])
            if strength > issuedAt, verdict == .clear { verdict = .revoked(query.kinds[position]) }
        }
        return verdict
    }

    /// Takes the current table, so that an older one is not kept for a loop with nothing to do.
    package func refresh() {
        let current = index.generation
        guard current != generation else { return }
        generation = current
        table = index.table
    }
}
