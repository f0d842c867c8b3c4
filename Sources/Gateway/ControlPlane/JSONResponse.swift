import HTTPTypes
import Hummingbird
import JOSE
import NIOCore

/// A JSON document as a response that is not to be stored.
enum JSONResponse {
    static func make(_ status: HTTPResponse.Status, _ document: JSONValue) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: document))))
    }
}
