import HTTP1
import Testing

/// A field as the tests see it.
struct FieldView: Equatable {
    var name: String
    var value: String
    var kind: FieldName
    var traits: FieldTraits

    init(_ field: HeaderField, in head: UnsafeRawBufferPointer) {
        name = String(decoding: field.name(in: head), as: UTF8.self)
        value = String(decoding: field.value(in: head), as: UTF8.self)
        kind = field.name
        traits = field.traits
    }
}

/// What became of a request head, with every offset turned into text.
enum RequestOutcome: Equatable {
    struct View: Equatable {
        var method: HTTPMethod
        var methodName, target, path, query, authority: String
        var pathIsPlain, isAsteriskForm, keepsAlive, expectsContinue, asksForUpgrade: Bool
        var minorVersion: UInt8
        var framing: BodyFraming
        var authorizationCount, apiKeyCount, byteCount: Int
        var fields: [FieldView]
    }

    case complete(View)
    case refused(HTTPViolation)
    case unfinished

    var view: View? { if case .complete(let view) = self { view } else { nil } }
    var violation: HTTPViolation? { if case .refused(let violation) = self { violation } else { nil } }

    /// Reads a head in pieces.
    static func read(_ bytes: [UInt8], ends: [Int], limits: HeadLimits = HeadLimits()) -> RequestOutcome {
        var parser = RequestHeadParser(limits: limits)
        do throws(HTTPViolation) {
            for end in ends {
                let progress = try bytes.withBytes { whole throws(HTTPViolation) in
                    try parser.parse(UnsafeRawBufferPointer(rebasing: whole[..<end]))
                }
                if progress == .complete { return bytes.withUnsafeBytes { .complete(View(parser.head, in: $0)) } }
            }
            return .unfinished
        } catch {
            return .refused(error)
        }
    }

    /// Reads a head in every way.
    static func of(
        _ text: String, limits: HeadLimits = HeadLimits(), sourceLocation: SourceLocation = #_sourceLocation
    ) -> RequestOutcome {
        let bytes = Array(text.utf8)
        return Feeding.expectOneOutcome(of: bytes, sourceLocation: sourceLocation) {
            read(bytes, ends: $0, limits: limits)
        }
    }
}

extension RequestOutcome.View {
    init(_ head: RequestHead, in bytes: UnsafeRawBufferPointer) {
        func text(_ range: ByteRange) -> String { String(decoding: range.bytes(in: bytes), as: UTF8.self) }
        self.init(
            method: head.method, methodName: text(head.methodRange), target: text(head.target), path: text(head.path),
            query: text(head.query), authority: text(head.authority), pathIsPlain: head.pathIsPlain,
            isAsteriskForm: head.isAsteriskForm, keepsAlive: head.keepsAlive, expectsContinue: head.expectsContinue,
            asksForUpgrade: head.asksForUpgrade, minorVersion: head.minorVersion, framing: head.framing,
            authorizationCount: head.authorizationCount, apiKeyCount: head.apiKeyCount, byteCount: head.byteCount,
            fields: head.fields.map { FieldView($0, in: bytes) })
    }
}

/// What became of a response head.
enum ResponseOutcome: Equatable {
    struct View: Equatable {
        var status: Int
        var reason: String
        var minorVersion: UInt8
        var framing: BodyFraming
        var keepsAlive, hasDate: Bool
        var byteCount: Int
        var fields: [FieldView]

        init(_ head: ResponseHead, in bytes: UnsafeRawBufferPointer) {
            status = head.status
            reason = String(decoding: head.reason.bytes(in: bytes), as: UTF8.self)
            minorVersion = head.minorVersion
            framing = head.declaredFraming
            keepsAlive = head.keepsAlive
            hasDate = head.hasDate
            byteCount = head.byteCount
            fields = head.fields.map { FieldView($0, in: bytes) }
        }
    }

    case complete(View)
    case refused(HTTPViolation)
    case unfinished

    var view: View? { if case .complete(let view) = self { view } else { nil } }
    var violation: HTTPViolation? { if case .refused(let violation) = self { violation } else { nil } }

    /// Reads a head in pieces.
    static func read(_ bytes: [UInt8], ends: [Int], limits: HeadLimits = HeadLimits()) -> ResponseOutcome {
        var parser = ResponseHeadParser(limits: limits)
        do throws(HTTPViolation) {
            for end in ends {
                let progress = try bytes.withBytes { whole throws(HTTPViolation) in
                    try parser.parse(UnsafeRawBufferPointer(rebasing: whole[..<end]))
                }
                if progress == .complete { return bytes.withUnsafeBytes { .complete(View(parser.head, in: $0)) } }
            }
            return .unfinished
        } catch {
            return .refused(error)
        }
    }

    /// Reads a head in every way.
    static func of(
        _ text: String, limits: HeadLimits = HeadLimits(), sourceLocation: SourceLocation = #_sourceLocation
    ) -> ResponseOutcome {
        let bytes = Array(text.utf8)
        return Feeding.expectOneOutcome(of: bytes, sourceLocation: sourceLocation) {
            read(bytes, ends: $0, limits: limits)
        }
    }
}
