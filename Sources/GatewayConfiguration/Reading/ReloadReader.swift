/// Reads `reload`.
struct ReloadReader {
    let values: ValueReader

    func read(_ node: SettingNode?) -> Configuration.Reload {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        return Configuration.Reload(
            watchesFile: section.boolean("watch", default: true),
            intervalMilliseconds: section.milliseconds("interval", default: 10_000, in: 100...3_600_000))
    }
}
