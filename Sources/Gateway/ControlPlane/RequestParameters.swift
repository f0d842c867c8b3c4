import HTTPTypes
import Hummingbird
import JOSE
import NIOCore
import Proxy

/// The parameters of a request's body: a JSON object of strings and booleans, or a form (WHATWG URL section 5.1).
///
/// Read strictly: a name twice, a body that is not what its `Content-Type` says, or a value of another type is an
/// error. Unknown names are ignored (RFC 6749 section 3.2).
struct RequestParameters {
    private enum Value {
        case text(String)
        case flag(Bool)
        case number(JSONNumber)
        case other
    }

    private var values: [String: Value] = [:]

    /// Reads the body.
    ///
    /// - Parameter request: the request.
    /// - Throws: ``Problem``.
    init(_ request: Request) async throws {
        let body = try await request.body.collect(upTo: ControlRequest.bodyByteLimit)
        guard body.readableBytes > 0 else { return }
        let bytes = Array(body.readableBytesView)
        switch Self.mediaType(of: request) {
        case "application/json": try readJSON(bytes)
        case "application/x-www-form-urlencoded": try readForm(bytes)
        default: throw Problem.unsupportedMediaType
        }
    }

    /// Reads a body that can only be a form.
    ///
    /// - Parameter request: the request.
    /// - Throws: ``Problem``: another `Content-Type` is a malformed request, too (RFC 6749 section 5.2).
    init(form request: Request) async throws {
        let body = try await request.body.collect(upTo: ControlRequest.bodyByteLimit)
        guard body.readableBytes > 0 else { return }
        guard Self.mediaType(of: request) == "application/x-www-form-urlencoded" else {
            throw Problem.invalidRequest("send application/x-www-form-urlencoded")
        }
        try readForm(Array(body.readableBytesView))
    }

    /// Reads the query of a URL, which has the form of a form.
    ///
    /// - Parameter query: what stands behind `?`; `nil` without one.
    /// - Throws: ``Problem``.
    init(query: String?) throws {
        guard let query else { return }
        try readForm(Array(query.utf8))
    }

    /// Whether the parameter is there at all.
    func has(_ name: String) -> Bool {
        values[name] != nil
    }

    /// Refuses parameters of any other name.
    func refuseOthers(than names: Set<String>) throws {
        guard values.keys.allSatisfy(names.contains) else {
            throw Problem.invalidRequest("there is a parameter that is not known here")
        }
    }

    /// A whole number: a JSON number, or decimal digits in a form; `nil` when it is left out.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        let number: Int64?
        switch values[name] {
        case nil, .text(""): return nil
        case .number(let written): number = written.int64
        case .text(let text):
            let isDecimal = text.utf8.count <= 18 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            number = isDecimal ? Int64(text) : nil
        case .flag, .other: number = nil
        }
        guard let number, let value = Int(exactly: number), range.contains(value) else {
            throw Problem.invalidRequest(
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A parameter that may be left out; empty counts as left out (RFC 6749 section 3.1).
    func text(_ name: String) throws -> String? {
        switch values[name] {
        case nil: return nil
        case .text(let text): return text.isEmpty ? nil : text
        case .flag, .number, .other: throw Problem.invalidRequest("\(name) must be a string")
        }
    }

    /// A parameter that must be there.
    func requiredText(_ name: String) throws -> String {
        guard let text = try text(name) else { throw Problem.invalidRequest("\(name) is missing") }
        return text
    }

    /// A switch: a JSON boolean, or `true` or `false` in a form; left out it is off.
    func flag(_ name: String) throws -> Bool {
        switch values[name] {
        case nil, .text(""): return false
        case .flag(let flag): return flag
        case .text("true"): return true
        case .text("false"): return false
        case .text, .number, .other: throw Problem.invalidRequest("\(name) must be true or false")
        }
    }

    private static func mediaType(of request: Request) -> String {
        let field = request.headers[.contentType] ?? ""
        let type = field.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return type.trimmingPrefix(while: { $0 == " " }).lowercased().replacing(" ", with: "")
    }

    private mutating func readJSON(_ bytes: [UInt8]) throws {
        let limits = JSONLimits(
            maximumByteCount: ControlRequest.bodyByteLimit, maximumDepth: 4, maximumMemberCount: 64)
        guard let document = try? JSONParser(limits: limits).parse(bytes), let object = document.object else {
            throw Problem.invalidRequest("the body is not a JSON object")
        }
        for member in object.members {
            if let text = member.value.string {
                values[member.name] = .text(text)
            } else if let flag = member.value.bool {
                values[member.name] = .flag(flag)
            } else if let number = member.value.number {
                values[member.name] = .number(number)
            } else {
                values[member.name] = .other
            }
        }
    }

    private mutating func readForm(_ bytes: [UInt8]) throws {
        for pair in bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), let value = Self.decode(parts.count > 1 ? parts[1] : []) else {
                throw Problem.invalidRequest("the form is not well-formed")
            }
            guard values.updateValue(.text(value), forKey: name) == nil else {
                throw Problem.invalidRequest("a parameter is there twice")
            }
            guard values.count <= 64 else { throw Problem.invalidRequest("too many parameters") }
        }
    }

    /// Decodes `+` and `%XX`; `nil` when that is malformed or not UTF-8.
    static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"):
                output.append(0x20)
                index += 1
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.endIndex,
                    let text = String(validating: bytes[(index + 1)...(index + 2)], as: UTF8.self),
                    text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                    let byte = UInt8(text, radix: 16)
                else { return nil }
                output.append(byte)
                index += 3
            default:
                output.append(bytes[index])
                index += 1
            }
        }
        return String(validating: output, as: UTF8.self)
    }
}
