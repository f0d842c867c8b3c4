import Foundation
import HTTP1
import Proxy

extension Case {
    /// A line of the access log, written to nowhere.
    static let accessLog: [Case] = [
        Case("access-line") {
            let nowhere = try FileHandle(forWritingTo: URL(filePath: "/dev/null"))
            let log = AccessLog(writer: AccessLogWriter(descriptor: nowhere.fileDescriptor))
            var identifier: UInt64 = 0x0123_4567_89ab_cdef
            return {
                identifier &+= 1
                log.append(
                    AccessLog.Entry(
                        requestID: RequestID(high: identifier, low: identifier), route: "/api/", method: .get,
                        status: 200, reason: "ok", durationNanoseconds: 1_234_567, upstreamNanoseconds: 1_012_345,
                        subject: "b5bb9d8014a0f9b1d61e21e796d78dcc"),
                    nowMilliseconds: 1_796_000_000_123)
                withExtendedLifetime(nowhere) {}
            }
        }
    ]
}
