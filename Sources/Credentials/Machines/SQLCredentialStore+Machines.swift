extension SQLCredentialStore: MachineCredentialStoring {
    // MARK: - Clients

    package func add(_ client: NewClient, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            guard try !Self.exists("SELECT 1 FROM users WHERE name = $1", client.id.text, in: session) else {
                throw CredentialError(.duplicateName, detail: client.id.text)
            }
            let added = try session.execute(
                """
                INSERT INTO clients (\(Self.clientColumns)) VALUES ($1, $2, $3, $4, 0, $5, $6)
                ON CONFLICT (client_id) DO NOTHING
                """,
                [
                    .text(client.id.text), .text(client.secretHash?.storedForm), .text(client.grants.text),
                    .text(client.scope.text), .integer(nowMilliseconds), .integer(nowMilliseconds),
                ])
            guard added == 1 else { throw CredentialError(.duplicateName, detail: client.id.text) }
        }
    }

    package func find(_ id: ClientID) throws(CredentialError) -> ClientRecord? {
        try database.read { session throws(CredentialError) in
            let rows = try session.rows(
                "SELECT \(Self.clientColumns) FROM clients WHERE client_id = $1", [.text(id.text)])
            guard let row = rows.first else { return nil }
            return try Self.clientRecord(row)
        }
    }

    package func listClients(after id: ClientID?, limit: Int) throws(CredentialError) -> [Client] {
        try database.read { session throws(CredentialError) in
            let rows = try session.rows(
                "SELECT \(Self.clientColumns) FROM clients WHERE client_id > $1 ORDER BY client_id LIMIT $2",
                [.text(id?.text ?? ""), Self.bounded(limit)])
            var clients: [Client] = []
            for row in rows { clients.append(try Self.clientRecord(row).client) }
            return clients
        }
    }

    package func setDisabled(
        _ isDisabled: Bool, of id: ClientID, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            let changed = try session.execute(
                "UPDATE clients SET disabled = $1, updated_ms = $2 WHERE client_id = $3",
                [.flag(isDisabled), .integer(nowMilliseconds), .text(id.text)])
            guard changed == 1 else { throw CredentialError(.unknownClient) }
        }
    }

    package func delete(_ id: ClientID, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            let deleted = try session.execute("DELETE FROM clients WHERE client_id = $1", [.text(id.text)])
            guard deleted == 1 else { throw CredentialError(.unknownClient) }
            try Self.revokeAPIKeys(of: .client(id), nowMilliseconds: nowMilliseconds, in: session)
        }
    }

    // MARK: - API keys

    package func add(_ key: NewAPIKey, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            if case .client(let id) = key.owner {
                guard try Self.exists("SELECT 1 FROM clients WHERE client_id = $1", id.text, in: session) else {
                    throw CredentialError(.unknownClient)
                }
            }
            let added = try session.execute(
                """
                INSERT INTO api_keys
                    (key_id, secret_hash, owner_kind, owner, label, scope, addresses, created_ms, expires_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key_id) DO NOTHING
                """,
                [
                    .text(key.id.text), .text(key.secretHash.storedForm), .text(key.owner.kind), .text(key.owner.name),
                    .text(key.label.text), .text(key.scope.text), .text(key.addresses.text),
                    .integer(nowMilliseconds), .integer(key.expiresAtMilliseconds),
                ])
            guard added == 1 else { throw CredentialError(.duplicateName, detail: key.id.text) }
        }
    }

    package func find(_ id: APIKeyID) throws(CredentialError) -> APIKeyRecord? {
        try database.read { session throws(CredentialError) in
            let rows = try session.rows(
                "SELECT \(Self.apiKeyColumns) FROM api_keys WHERE key_id = $1", [.text(id.text)])
            guard let row = rows.first else { return nil }
            return try Self.apiKeyRecord(row)
        }
    }

    package func listAPIKeys(after id: APIKeyID?, limit: Int) throws(CredentialError) -> [APIKey] {
        try database.read { session throws(CredentialError) in
            let rows = try session.rows(
                "SELECT \(Self.apiKeyColumns) FROM api_keys WHERE key_id > $1 ORDER BY key_id LIMIT $2",
                [.text(id?.text ?? ""), Self.bounded(limit)])
            var keys: [APIKey] = []
            for row in rows { keys.append(try Self.apiKeyRecord(row).key) }
            return keys
        }
    }

    package func revoke(_ id: APIKeyID, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            let changed = try session.execute(
                "UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, $1) WHERE key_id = $2",
                [.integer(nowMilliseconds), .text(id.text)])
            guard changed == 1 else { throw CredentialError(.unknownAPIKey) }
        }
    }

    package func delete(_ id: APIKeyID) throws(CredentialError) {
        try database.write { session throws(CredentialError) in
            let deleted = try session.execute("DELETE FROM api_keys WHERE key_id = $1", [.text(id.text)])
            guard deleted == 1 else { throw CredentialError(.unknownAPIKey) }
        }
    }

    package func revokeAPIKeys(
        of owner: APIKey.Owner, nowMilliseconds: Int64
    ) throws(CredentialError) -> [APIKeyID] {
        try Self.check(nowMilliseconds)
        return try database.write { session throws(CredentialError) in
            try Self.revokeAPIKeys(of: owner, nowMilliseconds: nowMilliseconds, in: session)
            let rows = try session.rows(
                """
                SELECT key_id FROM api_keys WHERE (expires_ms IS NULL OR expires_ms > $1)
                AND owner_kind = $2 AND owner = $3 ORDER BY key_id
                """, [.integer(nowMilliseconds), .text(owner.kind), .text(owner.name)])
            var revoked: [APIKeyID] = []
            for row in rows { revoked.append(try APIKeyID(row.first?.text ?? "")) }
            return revoked
        }
    }

    static func revokeAPIKeys(
        of owner: APIKey.Owner, nowMilliseconds: Int64, in session: any SQLSession
    ) throws(CredentialError) {
        try session.execute(
            "UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, $1) WHERE owner_kind = $2 AND owner = $3",
            [.integer(nowMilliseconds), .text(owner.kind), .text(owner.name)])
    }

    package func noteUses(_ uses: [APIKeyID: Int64]) throws(CredentialError) {
        guard !uses.isEmpty else { return }
        try database.write { session throws(CredentialError) in
            for (id, milliseconds) in uses {
                try session.execute(
                    """
                    UPDATE api_keys SET last_used_ms = $1
                    WHERE key_id = $2 AND (last_used_ms IS NULL OR last_used_ms < $1)
                    """, [.integer(max(milliseconds, 0)), .text(id.text)])
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
    private static func clientRecord(_ row: [SQLValue]) throws(CredentialError) -> ClientRecord {
        let damage = CredentialError(.unavailable(.damaged), detail: "a client's row cannot be understood")
        guard row.count == 7, let id = row[0].text, row[1].isTextOrNull, let grants = row[2].text,
            let scope = row[3].text, let disabled = row[4].integer, let created = row[5].integer,
            let updated = row[6].integer
        else { throw damage }
        do throws(CredentialError) {
            var hash: SecretHash?
            if let text = row[1].text { hash = try SecretHash(text) }
            let client = Client(
                id: try ClientID(id), isPublic: hash == nil, grants: try ClientGrants(grants),
                scope: try ScopeList(scope), isDisabled: disabled != 0, createdAtMilliseconds: created,
                updatedAtMilliseconds: updated)
            return ClientRecord(client: client, secretHash: hash)
        } catch {
            throw damage
        }
    }

    private static func apiKeyRecord(_ row: [SQLValue]) throws(CredentialError) -> APIKeyRecord {
        let damage = CredentialError(.unavailable(.damaged), detail: "an API key's row cannot be understood")
        guard row.count == 12, let id = row[0].text, let hash = row[1].text, let ownerKind = row[2].text,
            let owner = row[3].text, let label = row[4].text, let scope = row[5].text, let addresses = row[6].text,
            let created = row[7].integer, row[8...10].allSatisfy(\.isIntegerOrNull),
            let ownerDisabled = row[11].integer
        else { throw damage }
        do throws(CredentialError) {
            let key = APIKey(
                id: try APIKeyID(id), owner: try APIKey.Owner(kind: ownerKind, name: owner),
                label: try KeyLabel(label), scope: try ScopeList(scope), addresses: try AddressList(addresses),
                createdAtMilliseconds: created, expiresAtMilliseconds: row[8].integer,
                lastUsedAtMilliseconds: row[9].integer, revokedAtMilliseconds: row[10].integer)
            return APIKeyRecord(key: key, secretHash: try SecretHash(hash), isOwnerDisabled: ownerDisabled != 0)
        } catch {
            throw damage
        }
    }
}
