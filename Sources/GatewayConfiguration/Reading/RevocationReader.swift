/// Reads `revocation`.
struct RevocationReader {
    let values: ValueReader

    func read(_ root: SectionReader) -> Configuration.Revocation {
        let section = SectionReader(root.node("revocation"), values: values)
        defer { section.end() }
        var revocation = Configuration.Revocation(
            mode: section.value("mode", default: .query) { node in
                values.choice(node, of: [("query", .query), ("mirror", .mirror), ("off", .off)])
            },
            onUnavailable: section.value("on_unavailable", default: .closed, values.outagePolicy)
        )
        revocation.staleGraceMilliseconds = section.milliseconds(
            "stale_grace", default: 60_000, in: 1_000...3_600_000)
        revocation.mirrorStalenessMilliseconds = section.milliseconds(
            "mirror_staleness", default: 2_000, in: 100...60_000)
        revocation.minimumReplicas = section.integer("min_replicas", default: 0, in: 0...16)
        revocation.acknowledgement = section.value("acknowledge", default: .store) { node in
            values.choice(node, of: [("redis", .store), ("nodes", .nodes)])
        }
        revocation.onDataLoss = section.value("on_data_loss", default: .alert) { node in
            values.choice(node, of: [("alert", .alert), ("refuse_older", .refuseOlder)])
        }
        if !root.isWritten("redis") { refuseWithoutRedis(section, revocation) }
        return revocation
    }

    private func refuseWithoutRedis(_ section: SectionReader, _ revocation: Configuration.Revocation) {
        let needing = [
            ("mode", revocation.mode == .mirror), ("min_replicas", revocation.minimumReplicas > 0),
            ("acknowledge", revocation.acknowledgement == .nodes),
        ]
        for (key, needsRedis) in needing where needsRedis {
            values.problems.add(
                .conflict, at: section.position(of: key), path: "revocation.\(key)", found: "there is no Redis",
                expected: "write `redis`, or leave this out")
        }
    }
}
