import Testing

@testable import GatewayConfiguration
@testable import Sessions

@Suite("Reserved claims")
struct ReservedClaimTests {
    @Test("what the configuration refuses is what issuing leaves out")
    func names() {
        #expect(TokenClaimsReader.reservedNames == ExtraClaims.reservedNames)
    }
}
