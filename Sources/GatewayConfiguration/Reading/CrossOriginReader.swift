/// Reads `cors`.
struct CrossOriginReader {
    let values: ValueReader

    /// The origins, each as browsers write it in `Origin`.
    func read(_ node: SettingNode?) -> [String] {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        return section.value("origins", default: []) { node in
            values.distinctList(node, of: "origins") { element in values.text(element, as: OriginText.parse) }
        }
    }
}
