/// Reads `listeners`.
struct ListenersReader {
    let values: ValueReader

    private static let tokenByteLimit = 4096

    func read(_ node: SettingNode?) -> Configuration.Listeners {
        let section = SectionReader(node, values: values)
        let publicSection = SectionReader(section.node("public"), values: values)
        publicSection.notSupportedYet("tls")
        let publicAddress = address(publicSection, default: .init(host: "0.0.0.0", port: 8080))
        publicSection.end()
        let adminSection = SectionReader(section.node("admin"), values: values)
        adminSection.notSupportedYet("tls")
        let adminAddress = address(adminSection, default: .init(host: "127.0.0.1", port: 9090))
        let token = adminSection.node("token").flatMap(token)
        adminSection.end()
        section.end()
        if publicAddress == adminAddress, publicAddress.port != 0 {
            values.problems.add(
                .conflict, at: adminSection.position(of: "address"), path: "listeners.admin.address",
                found: "the same as listeners.public.address", expected: "use another port")
        }
        return Configuration.Listeners(publicAddress: publicAddress, adminAddress: adminAddress, adminToken: token)
    }

    private func address(
        _ section: SectionReader, default defaultAddress: Configuration.ListenAddress
    ) -> Configuration.ListenAddress {
        section.value("address", default: defaultAddress) { node in
            values.text(node, as: Configuration.ListenAddress.init(text:))
        }
    }

    private func token(_ node: SettingNode) -> Secret? {
        values.text(node, isSecret: true) { text throws(SettingMismatch) in
            guard text.utf8.count <= Self.tokenByteLimit, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw SettingMismatch("1 to \(Self.tokenByteLimit) printable ASCII characters without spaces")
            }
            return Secret(text)
        }
    }
}
