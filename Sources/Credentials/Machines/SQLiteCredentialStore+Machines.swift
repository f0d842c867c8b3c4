import GRDB

extension SQLiteCredentialStore: MachineCredentialStoring {
    // MARK: - Clients

    package func add(_ client: NewClient, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE name = ?)"
            guard try Bool.fetchOne(database, sql: sql, arguments: [client.id.text]) == false else {
                throw CredentialError(.duplicateName, detail: client.id.text)
            }
            try database.execute(
                sql: """
                    INSERT INTO clients (\(Self.clientColumns)) VALUES (?, ?, ?, ?, 0, ?, ?)
                    ON CONFLICT (client_id) DO NOTHING
                    """,
                arguments: [
                    client.id.text, client.secretHash?.storedForm, client.grants.text, client.scope.text,
                    nowMilliseconds, nowMilliseconds,
                ])
            guard database.changesCount == 1 else {
                throw CredentialError(.duplicateName, detail: client.id.text)
            }
        }
    }

    package func find(_ id: ClientID) throws(CredentialError) -> ClientRecord? {
        try read { database in
            let sql = "SELECT \(Self.clientColumns) FROM clients WHERE client_id = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [id.text]).map(Self.clientRecord)
        }
    }

    package func listClients(after id: ClientID?, limit: Int) throws(CredentialError) -> [Client] {
        try read { database in
            let sql = "SELECT \(Self.clientColumns) FROM clients WHERE client_id > ? ORDER BY client_id LIMIT ?"
            let arguments: StatementArguments = [id?.text ?? "", min(max(limit, 1), 1000)]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map { try Self.clientRecord($0).client }
        }
    }

    package func setDisabled(
        _ isDisabled: Bool, of id: ClientID, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            try database.execute(
                sql: "UPDATE clients SET disabled = ?, updated_ms = ? WHERE client_id = ?",
                arguments: [isDisabled, nowMilliseconds, id.text])
            guard database.changesCount == 1 else { throw CredentialError(.unknownClient) }
        }
    }

    // MARK: - API keys

    package func add(_ key: NewAPIKey, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            if case .client(let id) = key.owner {
                let sql = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id = ?)"
                guard try Bool.fetchOne(database, sql: sql, arguments: [id.text]) == true else {
                    throw CredentialError(.unknownClient)
                }
            }
            try database.execute(
                sql: """
                    INSERT INTO api_keys
                        (key_id, secret_hash, owner_kind, owner, label, scope, addresses, created_ms, expires_ms)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key_id) DO NOTHING
                    """,
                arguments: [
                    key.id.text, key.secretHash.storedForm, key.owner.kind, key.owner.name, key.label.text,
                    key.scope.text, key.addresses.text, nowMilliseconds, key.expiresAtMilliseconds,
                ])
            guard database.changesCount == 1 else { throw CredentialError(.duplicateName, detail: key.id.text) }
        }
    }

    package func find(_ id: APIKeyID) throws(CredentialError) -> APIKeyRecord? {
        try read { database in
            let sql = "SELECT \(Self.apiKeyColumns) FROM api_keys WHERE key_id = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [id.text]).map(Self.apiKeyRecord)
        }
    }

    package func listAPIKeys(after id: APIKeyID?, limit: Int) throws(CredentialError) -> [APIKey] {
        try read { database in
            let sql = "SELECT \(Self.apiKeyColumns) FROM api_keys WHERE key_id > ? ORDER BY key_id LIMIT ?"
            let arguments: StatementArguments = [id?.text ?? "", min(max(limit, 1), 1000)]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map { try Self.apiKeyRecord($0).key }
        }
    }

    package func revoke(_ id: APIKeyID, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try write { database in
            try database.execute(
                sql: "UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE key_id = ?",
                arguments: [nowMilliseconds, id.text])
            guard database.changesCount == 1 else { throw CredentialError(.unknownAPIKey) }
        }
    }

    package func revokeAPIKeys(
        of owner: APIKey.Owner, nowMilliseconds: Int64
    ) throws(CredentialError) -> [APIKeyID] {
        try Self.check(nowMilliseconds)
        return try write { database in
            try database.execute(
                sql: "UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE owner_kind = ? AND owner = ?",
                arguments: [nowMilliseconds, owner.kind, owner.name])
            let sql = """
                SELECT key_id FROM api_keys WHERE owner_kind = ? AND owner = ?
                AND (expires_ms IS NULL OR expires_ms > ?) ORDER BY key_id
                """
            let arguments: StatementArguments = [owner.kind, owner.name, nowMilliseconds]
            return try String.fetchAll(database, sql: sql, arguments: arguments).map { try APIKeyID($0) }
        }
    }

    package func noteUses(_ uses: [APIKeyID: Int64]) throws(CredentialError) {
        guard !uses.isEmpty else { return }
        try write { database in
            let sql = "UPDATE api_keys SET last_used_ms = max(coalesce(last_used_ms, 0), ?) WHERE key_id = ?"
            for (id, milliseconds) in uses {
                try database.execute(sql: sql, arguments: [max(milliseconds, 0), id.text])
            }
        }
    }

    // MARK: - Rows

    private static let clientColumns = "client_id, secret_hash, grants, scope, disabled, created_ms, updated_ms"

    private static let apiKeyColumns = """
        key_id, secret_hash, owner_kind, owner, label, scope, addresses, created_ms, expires_ms, last_used_ms,
        revoked_ms, CASE owner_kind
            WHEN 'client' THEN NOT EXISTS (SELECT 1 FROM clients WHERE client_id = owner AND disabled = 0)
            ELSE EXISTS (SELECT 1 FROM users WHERE name = owner AND disabled <> 0) END
        """

    /// Reads a row; one that this program would not have written is damage, not a client.
    private static func clientRecord(_ row: Row) throws -> ClientRecord {
        let values = Array(row.databaseValues)
        let damage = CredentialError(.unavailable(.damaged), detail: "a client's row cannot be understood")
        guard values.count == 7,
            case .string(let id) = values[0].storage, case .string(let grants) = values[2].storage,
            case .string(let scope) = values[3].storage, case .int64(let disabled) = values[4].storage,
            case .int64(let created) = values[5].storage, case .int64(let updated) = values[6].storage
        else { throw damage }
        do {
            let hash = try optionalText(values[1]).map { try SecretHash($0) }
            let client = Client(
                id: try ClientID(id), isPublic: hash == nil, grants: try ClientGrants(grants),
                scope: try ScopeList(scope), isDisabled: disabled != 0, createdAtMilliseconds: created,
                updatedAtMilliseconds: updated)
            return ClientRecord(client: client, secretHash: hash)
        } catch {
            throw damage
        }
    }

    private static func apiKeyRecord(_ row: Row) throws -> APIKeyRecord {
        let values = Array(row.databaseValues)
        let damage = CredentialError(.unavailable(.damaged), detail: "an API key's row cannot be understood")
        guard values.count == 12,
            case .string(let id) = values[0].storage, case .string(let hash) = values[1].storage,
            case .string(let ownerKind) = values[2].storage, case .string(let owner) = values[3].storage,
            case .string(let label) = values[4].storage, case .string(let scope) = values[5].storage,
            case .string(let addresses) = values[6].storage, case .int64(let created) = values[7].storage,
            case .int64(let ownerDisabled) = values[11].storage
        else { throw damage }
        do {
            let key = APIKey(
                id: try APIKeyID(id), owner: try APIKey.Owner(kind: ownerKind, name: owner),
                label: try KeyLabel(label), scope: try ScopeList(scope), addresses: try AddressList(addresses),
                createdAtMilliseconds: created, expiresAtMilliseconds: try optionalInteger(values[8]),
                lastUsedAtMilliseconds: try optionalInteger(values[9]),
                revokedAtMilliseconds: try optionalInteger(values[10]))
            return APIKeyRecord(key: key, secretHash: try SecretHash(hash), isOwnerDisabled: ownerDisabled != 0)
        } catch {
            throw damage
        }
    }

    private static func optionalText(_ value: DatabaseValue) throws -> String? {
        switch value.storage {
        case .null: return nil
        case .string(let text): return text
        default: throw CredentialError(.unavailable(.damaged))
        }
    }

    private static func optionalInteger(_ value: DatabaseValue) throws -> Int64? {
        switch value.storage {
        case .null: return nil
        case .int64(let number): return number
        default: throw CredentialError(.unavailable(.damaged))
        }
    }
}
