/// Reads where the keys of `tokens` are: in a folder, or in the configuration itself.
struct TokenKeysReader {
    let values: ValueReader
    let folder: String

    func read(
        _ section: SectionReader
    ) -> (directory: String?, signing: [Secret], refresh: [Secret])? {
        let directory = section.node("key_directory").flatMap { node in
            values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
        }
        let signing = section.node("signing_key").flatMap(secret)
        let refresh = section.node("refresh_key").flatMap(secret)
        let others = section.node("other_signing_keys").flatMap { values.list($0, of: "keys", element: secret) } ?? []
        let otherRefresh =
            section.node("other_refresh_keys").flatMap { values.list($0, of: "keys", element: secret) } ?? []
        let isDirectory = section.isWritten("key_directory")
        for key in ["signing_key", "refresh_key", "other_signing_keys", "other_refresh_keys"]
        where section.isWritten(key) && (isDirectory || !section.isWritten("signing_key")) {
            values.problems.add(
                .conflict, at: section.position(of: key), path: "\(section.path).\(key)",
                found: isDirectory ? "beside key_directory" : "without signing_key",
                expected: "write key_directory, or signing_key and refresh_key")
        }
        if isDirectory { return directory.map { ($0, [], []) } }
        guard section.isWritten("signing_key") else {
            if section.isReadable {
                values.problems.add(
                    .missing, at: section.position, path: section.path, found: "there is no key",
                    expected: "write key_directory, the folder of the signing keys, such as ./keys")
            }
            return nil
        }
        if !section.isWritten("refresh_key") {
            values.problems.add(
                .missing, at: section.position, path: "\(section.path).refresh_key", found: "missing",
                expected: "write 64 hexadecimal digits from outside, such as ${REFRESH_KEY}")
        }
        guard let signing, let refresh else { return nil }
        return (nil, [signing] + others, [refresh] + otherRefresh)
    }

    private func secret(_ node: SettingNode) -> Secret? {
        values.text(node, isSecret: true, allowsLines: true) { text throws(SettingMismatch) in Secret(text) }
    }
}
