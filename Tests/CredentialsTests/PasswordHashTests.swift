import Credentials
import Testing

@Suite("Password hashes")
struct PasswordHashTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let password: String
        let hash: String
        var testDescription: String { hash }
    }

    static let scryptVectors = [
        // RFC 7914 section 12, the two vectors with a salt that fit the bounds.
        Vector(
            password: "password",
            hash: "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevu"
                + "UqD7m2DYMvfoswGQA"),
        Vector(
            password: "pleaseletmein",
            hash: "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUl"
                + "wUkKpr55h6F3A1lHkDfzwF7RVdYhw"),
        // Computed by another implementation.
        Vector(
            password: "pässwörd – 東京",
            hash: "$scrypt$ln=4,r=1,p=1$AAECAwQFBgcICQoLDA0ODw$UblQ6ulu8shz7DaNMtcjNSeq+Hera1o7YD9yGR3GQDk"),
        Vector(
            password: String(repeating: "x", count: 1024),
            hash: "$scrypt$ln=10,r=8,p=1$8PHy8/T19vf4+fr7/P3+/w$bo6RRMtsAFhxq7qUhBSfoFYoPhH4TtbGgxdSkvE8skc"),
        Vector(
            password: "abcdefgh",
            hash: "$scrypt$ln=5,r=2,p=2$AAECAwQFBgcICQoLDA0ODxA$HNgU0KNkvqJvarKj9BmbJPpUhlbrSWzORjrCiwKRKmwN"),
        Vector(password: "correct horse battery staple", hash: Samples.scrypt),
    ]

    static let bcryptVectors = [
        Vector(password: "U*U", hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        Vector(password: "U*U*", hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        Vector(password: "U*U*U", hash: "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        Vector(password: "Kk4DQuMMfZL9o", hash: Samples.bcrypt),
        Vector(
            password: "9IeRXmnGxMYbs", hash: "$2b$04$pQ7gRO7e6wx/936oXhNjrOUNOHL1D0h1N2IDbJZYs.1ppzSof6SPy"),
        Vector(password: Samples.longBcryptPassword, hash: Samples.longBcrypt),
    ]

    @Test("a known hash is matched by its password and by no other", arguments: scryptVectors + bcryptVectors)
    func knownHashes(vector: Vector) throws {
        let hasher = try PasswordHasher()
        let hash = try PasswordHash(vector.hash)
        #expect(hash.storedForm == vector.hash)
        #expect(try hasher.verify(Password(vector.password), against: hash))
        #expect(try !hasher.verify(Password(String(vector.password.dropLast()) + "?"), against: hash))
    }

    @Test("bcrypt takes bytes above 127 for what they are in each of its versions", arguments: ["2a", "2y", "2b"])
    func bcryptHighBytes(version: String) throws {
        let hash = try PasswordHash("$\(version)$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq")
        let hasher = try PasswordHasher()
        #expect(try hasher.verify(Password(signingInWith: [0xA3]), against: hash))
        #expect(try !hasher.verify(Password(signingInWith: [0xA4]), against: hash))
    }

    @Test("a password that bcrypt would cut off is refused")
    func bcryptLength() throws {
        let hasher = try PasswordHasher()
        let hash = try PasswordHash(Samples.longBcrypt)
        #expect(try hasher.verify(Password(Samples.longBcryptPassword), against: hash))
        #expect(try !hasher.verify(Password(Samples.longBcryptPassword + "!"), against: hash))
    }

    @Test("a new hash matches its password alone, and two of the same password differ")
    func newHashes() throws {
        let hasher = try PasswordHasher(cost: .cheap)
        let password = try Password(choosing: Array("correct horse".utf8))
        let first = try hasher.hash(password)
        let second = try hasher.hash(password)
        #expect(first != second)
        #expect(try PasswordHash(first.storedForm) == first)
        #expect(first.storedForm.hasPrefix("$scrypt$ln=4,r=1,p=1$"))
        #expect(try hasher.verify(password, against: first))
        #expect(try !hasher.verify(Password("correct Horse"), against: first))
        #expect(try !hasher.verify(password, against: hasher.decoy))
    }

    @Test("weaker hashes are to be renewed, equal and stronger ones are not")
    func needsRehash() throws {
        let hasher = try PasswordHasher()
        let salt = "$AAECAwQFBgcICQoLDA0ODw$"
        let hash = "ZwXboEbK+6uo3pibyojgA4zgNULQwM2WqPlWpy+G7mc"
        #expect(try !hasher.needsRehash(PasswordHash("$scrypt$ln=15,r=8,p=3\(salt)\(hash)")))
        #expect(try !hasher.needsRehash(PasswordHash("$scrypt$ln=17,r=8,p=1\(salt)\(hash)")))
        #expect(try hasher.needsRehash(PasswordHash("$scrypt$ln=15,r=8,p=2\(salt)\(hash)")))
        #expect(try hasher.needsRehash(PasswordHash("$scrypt$ln=14,r=8,p=8\(salt)\(hash)")))
        #expect(try hasher.needsRehash(PasswordHash("$scrypt$ln=15,r=8,p=3$AAECAwQFBgc$\(hash)")))
        #expect(try hasher.needsRehash(PasswordHash("$scrypt$ln=15,r=8,p=3\(salt)\(hash.prefix(22).dropLast())A")))
        #expect(try hasher.needsRehash(PasswordHash(Samples.bcrypt)))
    }

    @Test("neither a password nor a hash is ever printed")
    func redaction() throws {
        let password = try Password("hunter2hunter2")
        let hash = try PasswordHash(Samples.scrypt)
        let user = NewUser(name: try UserName("alice"), passwordHash: hash)
        for value in [password, hash, user] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] {
                #expect(!text.contains("hunter2") && !text.contains("104, 117"))
                #expect(!text.contains("ZwXboEbK") && !text.contains("103, 5, 219"))
            }
        }
    }
}
