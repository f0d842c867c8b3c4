/// A part of the file, with the place it is written at: what the YAML says, its `${…}` replaced.
struct SettingNode: Sendable {
    /// What is written.
    indirect enum Content: Sendable {
        case scalar(SettingScalar)
        case list([SettingNode])
        case mapping([Entry])
        /// Something that was reported already, so that readers keep silent about it.
        case refused
    }

    /// A key and its value.
    struct Entry: Sendable {
        var key: String
        var keyPosition: Position
        var value: SettingNode
    }

    var content: Content
    var position: Position
    /// Which setting, such as `routes[1].auth`.
    var path: String
}

extension SettingNode {
    /// What a human calls the type of this part.
    var typeName: String {
        switch content {
        case .scalar(let scalar): scalar.typeName
        case .list: "a list"
        case .mapping: "a mapping"
        case .refused: "nothing"
        }
    }

    var scalar: SettingScalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var isRefused: Bool {
        if case .refused = content { true } else { false }
    }

    /// The path of an entry of this mapping.
    static func path(of key: String, in parent: String) -> String {
        let isPlain = !key.isEmpty && key.utf8.count <= 64 && key.utf8.allSatisfy { $0.isUnreserved && $0 != 0x2E }
        let name = isPlain ? key : "\"\(SettingScalar.shown(key))\""
        return parent.isEmpty ? name : "\(parent).\(name)"
    }
}
