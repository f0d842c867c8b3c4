import HTTPTypes
import Hummingbird
import JOSE
import NIOCore

/// The answers of the OAuth endpoints, which are not to be stored anywhere (RFC 6749 section 5.1).
enum OAuthResponse {
    static func document(_ members: [(String, JSONValue)]) -> Response {
        var response = empty
        response.headers[.contentType] = "application/json"
        response.body = ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: .object(members))))
        return response
    }

    /// 200 with nothing to read.
    static var empty: Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if let pragma = HTTPField.Name("Pragma") { headers[pragma] = "no-cache" }
        return Response(status: .ok, headers: headers)
    }
}
