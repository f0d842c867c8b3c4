import Testing

@testable import Proxy

@Suite("Which certificate a server name gets")
struct ServerNameTableTests {
    private let table = ServerNameTable([
        ["default.test"], ["One.Test", "*.one.test"], ["www.one.test", "*.a.one.test"], ["one.test", "*.Two.Test."],
        ["f*o.test", "*", "*.*.three.test"],
    ])

    @Test(
        "exact before wildcard, the first of several, case and the root's dot aside",
        arguments: [
            ("default.test", 0), ("one.test", 1), ("ONE.TEST", 1), ("one.test.", 1), ("api.one.test", 1),
            ("www.one.test", 2), ("WWW.One.Test.", 2), ("x.a.one.test", 2), ("x.two.test", 3),
        ])
    func found(name: String, index: Int) {
        #expect(table.index(for: name) == index)
    }

    @Test(
        "a wildcard is for exactly one label, and nothing else is near enough",
        arguments: [
            "x.y.one.test", "two.test", ".one.test", ".two.test", "other.test", "test", "", ".", "foo.test",
            "x.y.three.test", "*.*.three.test", "one.test.evil", "xone.test", "one.test..",
        ])
    func notFound(name: String) {
        #expect(table.index(for: name) == nil)
    }
}
