import NIOCore
import NIOHPACK

/// A client that says exactly the frames it is given, and reads what comes back.
///
/// Calls block, each with a deadline.
final class HTTP2Client {
    enum Failure: Error, CustomStringConvertible {
        case unexpected(String)
        var description: String { if case .unexpected(let text) = self { text } else { "" } }
    }

    struct Frame {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        func `is`(_ kind: HTTP2Wire.Kind) -> Bool { self.kind == kind.rawValue }
        var endsStream: Bool { flags & 1 != 0 }
        /// The error code of RST_STREAM and GOAWAY.
        var code: UInt32 {
            let bytes = self.is(.goAway) ? payload.dropFirst(4).prefix(4) : payload.prefix(4)
            return bytes.reduce(0) { $0 << 8 | UInt32($1) }
        }
        /// The first number of the payload: GOAWAY's last stream, WINDOW_UPDATE's increment.
        var number: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    struct Response {
        var interim: [Int] = []
        var status = 0
        var fields: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var trailers: [(name: String, value: String)] = []
        /// The code of RST_STREAM, where the answer ended with one.
        var reset: UInt32?
        var text: String { String(decoding: body, as: UTF8.self) }
        subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    let raw: RawClient
    private var decoder: HPACKDecoder
    private var responses: [UInt32: Response] = [:]
    private var ended: Set<UInt32> = []

    init(
        _ world: World, settings: [(UInt16, UInt32)] = [], opens: Bool = true, receiveBufferBytes: Int32? = nil
    ) throws {
        raw = try world.client(receiveBufferBytes: receiveBufferBytes)
        let tableSize = settings.first { $0.0 == 1 }.map { Int($0.1) } ?? 4096
        decoder = HPACKDecoder(allocator: ByteBufferAllocator(), maxDynamicTableSize: tableSize)
        if opens { try send(HTTP2Wire.preface, HTTP2Wire.settings(settings)) }
    }

    func send(_ frames: [UInt8]...) throws {
        try raw.send(frames.flatMap(\.self))
    }

    /// Sends what the other side may not want to have any more.
    func sendAnyway(_ frames: [UInt8]...) {
        try? raw.send(frames.flatMap(\.self))
    }

    /// The next frame, or `nil` at the end of the connection.
    func next() throws -> Frame? {
        let header: [UInt8]
        do {
            header = try raw.read(count: 9)
        } catch RawClient.Failure.connectionLost {
            return nil
        }
        let length = header.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        let frame = Frame(
            kind: header[3], flags: header[4], stream: header[5...].reduce(0) { $0 << 8 | UInt32($1) },
            payload: try raw.read(count: length))
        try note(frame)
        return frame
    }

    private func note(_ frame: Frame) throws {
        guard frame.stream != 0 else { return }
        // Taken out, so that a long body is not copied with each frame.
        var response = responses.removeValue(forKey: frame.stream) ?? Response()
        if frame.is(.headers) {
            var buffer = ByteBuffer(bytes: frame.payload)
            let fields = try decoder.decodeHeaders(from: &buffer).map { (name: $0.name, value: $0.value) }
            let status = fields.first { $0.name == ":status" }.flatMap { Int($0.value) }
            if let status, status < 200 {
                response.interim.append(status)
            } else if let status {
                response.status = status
                response.fields = fields
            } else {
                response.trailers = fields
            }
        } else if frame.is(.data) {
            response.body += frame.payload
        } else if frame.is(.reset) {
            response.reset = frame.code
            ended.insert(frame.stream)
        }
        if frame.is(.headers) || frame.is(.data), frame.endsStream { ended.insert(frame.stream) }
        responses[frame.stream] = response
    }

    /// Waits for the end of a stream's answer.
    func response(_ stream: UInt32 = 1) throws -> Response {
        while !ended.contains(stream) {
            guard let frame = try next() else { throw Failure.unexpected("closed before the answer") }
            if frame.is(.goAway), frame.code != 0 { throw Failure.unexpected("GOAWAY \(frame.code)") }
        }
        ended.remove(stream)
        return responses.removeValue(forKey: stream) ?? Response()
    }

    /// Waits for a frame of a kind.
    func wait(for kind: HTTP2Wire.Kind, acknowledges: Bool = false) throws -> Frame {
        while let frame = try next() {
            if frame.is(kind), !acknowledges || frame.flags & 1 != 0 { return frame }
        }
        throw Failure.unexpected("closed before \(kind)")
    }

    /// Waits for a frame of one of some kinds; `nil` at the end of the connection.
    func wait(forAnyOf kinds: [HTTP2Wire.Kind]) throws -> Frame? {
        while let frame = try next() {
            if kinds.contains(where: frame.is) { return frame }
        }
        return nil
    }

    /// Sees that the connection is still good.
    func pings() throws {
        try send(HTTP2Wire.ping([8, 8, 8, 8, 8, 8, 8, 8]))
        let answer = try wait(for: .ping, acknowledges: true)
        guard answer.payload == [8, 8, 8, 8, 8, 8, 8, 8] else { throw Failure.unexpected("another PING") }
    }

    /// Sees that the connection ends, with one of these codes if it says why.
    @discardableResult
    func endsConnection(_ codes: UInt32...) throws -> UInt32? {
        var code: UInt32?
        while let frame = try next() {
            guard frame.is(.goAway) else { continue }
            guard codes.contains(frame.code) else { throw Failure.unexpected("GOAWAY \(frame.code)") }
            code = frame.code
            raw.finishSending()
        }
        return code
    }

    /// Sees that a stream is reset with one of these codes, or that the whole connection ends for them.
    func endsStream(_ codes: UInt32...) throws {
        while let frame = try next() {
            guard frame.is(.goAway) || frame.is(.reset) else { continue }
            guard codes.contains(frame.code) else {
                throw Failure.unexpected("\(frame.is(.reset) ? "RST_STREAM" : "GOAWAY") \(frame.code)")
            }
            return
        }
    }

    /// A request on a stream, and its answer.
    func ask(_ stream: UInt32 = 1, _ fields: [(String, String)] = HTTP2Wire.request()) throws -> Response {
        try send(HTTP2Wire.headers(stream, fields))
        return try response(stream)
    }
}

/// Error codes of RFC 9113 section 7.
enum HTTP2Code {
    static let none: UInt32 = 0
    static let protocolError: UInt32 = 1
    static let internalError: UInt32 = 2
    static let flowControl: UInt32 = 3
    static let streamClosed: UInt32 = 5
    static let frameSize: UInt32 = 6
    static let refused: UInt32 = 7
    static let cancel: UInt32 = 8
    static let compression: UInt32 = 9
    static let calm: UInt32 = 11
}
