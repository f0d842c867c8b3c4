import Foundation
import Testing

/// Project Wycheproof's files, read where they lie: `PORTCULLIS_VECTORS`, else beside the package.
enum WycheproofVectors {
    static let directory: URL = {
        if let path = ProcessInfo.processInfo.environment["PORTCULLIS_VECTORS"] {
            return URL(fileURLWithPath: path).appendingPathComponent("jwt/wycheproof")
        }
        let packageRoot = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return packageRoot.appendingPathComponent("../shared/vectors/jwt/wycheproof").standardizedFileURL
    }()

    static var isPresent: Bool {
        FileManager.default.fileExists(atPath: directory.path)
    }

    /// One case and the members of the group it stands in.
    struct Case {
        let group: [String: Any]
        let identifier: Int
        let comment: String
        let result: String
        private let members: [String: Any]

        init(group: [String: Any], members: [String: Any]) throws {
            self.group = group
            self.members = members
            identifier = try #require(members["tcId"] as? Int)
            comment = members["comment"] as? String ?? ""
            result = try #require(members["result"] as? String)
        }

        func bytes(_ name: String) throws -> [UInt8] {
            try [UInt8](hex: #require(members[name] as? String))
        }

        var flags: [String]? {
            members["flags"] as? [String]
        }

        var publicKeyPEM: [UInt8] {
            get throws { try [UInt8](#require(group["publicKeyPem"] as? String).utf8) }
        }
    }

    static func cases(of file: String) throws -> [Case] {
        let data = try Data(contentsOf: directory.appendingPathComponent(file))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let groups = try #require(root["testGroups"] as? [[String: Any]])
        return try groups.flatMap { group in
            try #require(group["tests"] as? [[String: Any]]).map { try Case(group: group, members: $0) }
        }
    }
}
