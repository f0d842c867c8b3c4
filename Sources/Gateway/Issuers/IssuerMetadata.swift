import JOSE

/// The part of an issuer's metadata that matters here: where its keys are (RFC 8414 section 2).
struct IssuerMetadata: Equatable {
    let keySetURL: IssuerURL

    /// Reads a metadata document.
    ///
    /// - Parameters:
    ///   - json: the document.
    ///   - issuer: whose it must be, byte for byte (RFC 8414 section 3.3).
    /// - Throws: ``KeySetFailure``.
    init(json: [UInt8], issuer: String) throws(KeySetFailure) {
        guard let document = try? JSONParser().parse(json), document.object != nil else { throw .malformedMetadata }
        guard let named = document["issuer"]?.string, named.utf8.elementsEqual(issuer.utf8) else {
            throw .metadataOfAnotherIssuer
        }
        guard let url = document["jwks_uri"]?.string.flatMap(IssuerURL.init) else { throw .malformedMetadata }
        keySetURL = url
    }
}
