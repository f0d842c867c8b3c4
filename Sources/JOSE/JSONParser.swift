/// Reads a JSON text (RFC 8259) into a value, strictly: duplicate names, invalid UTF-8, lone surrogates, byte order
/// marks and anything beyond the limits are refused.
package struct JSONParser: Sendable {
    private let limits: JSONLimits

    /// A parser within `limits`.
    package init(limits: JSONLimits = .document) {
        self.limits = limits
    }

    /// Reads one value that fills the whole text.
    ///
    /// - Parameter bytes: the text.
    /// - Returns: the value.
    /// - Throws: `JSONError` with the place of the first fault.
    package func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try parse(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Reads one value that fills the whole text.
    ///
    /// - Parameter text: the text.
    /// - Returns: the value.
    /// - Throws: `JSONError` with the place of the first fault.
    package func parse(_ text: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        var scanner = JSONScanner(limits: limits)
        try scanner.start(text)
        var builder = JSONTreeBuilder()
        while true {
            let event = try scanner.next()
            if case .endOfText = event { return builder.root }
            builder.add(event, of: text)
        }
    }
}

/// Builds a value from the scanner's events with a stack of its own, so that depth costs no call stack.
private struct JSONTreeBuilder {
    private struct Frame {
        var name: String?
        var members: [JSONObject.Member] = []
        var elements: [JSONValue] = []
    }

    private(set) var root = JSONValue.null
    private var open: [Frame] = []

    mutating func add(_ event: JSONScanner.Event, of text: UnsafeRawBufferPointer) {
        switch event {
        case .beginObject, .beginArray: open.append(Frame())
        case .endObject: close { .object(JSONObject(members: $0.members)) }
        case .endArray: close { .array($0.elements) }
        case .name(let slice): modifyTop { $0.name = slice.string(in: text) }
        case .string(let slice): place(.string(slice.string(in: text)))
        case .number(let range):
            place(.number(JSONNumber(checked: UnsafeRawBufferPointer(rebasing: text[range]))))
        case .bool(let value): place(.bool(value))
        case .null: place(.null)
        case .endOfText: break
        }
    }

    private mutating func close(_ makeValue: (Frame) -> JSONValue) {
        if let frame = open.popLast() { place(makeValue(frame)) }
    }

    private mutating func place(_ value: JSONValue) {
        guard !open.isEmpty else {
            root = value
            return
        }
        modifyTop { frame in
            if let name = frame.name {
                frame.members.append(JSONObject.Member(name: name, value: value))
                frame.name = nil
            } else {
                frame.elements.append(value)
            }
        }
    }

    private mutating func modifyTop(_ change: (inout Frame) -> Void) {
        guard !open.isEmpty else { return }
        change(&open[open.count - 1])
    }
}
