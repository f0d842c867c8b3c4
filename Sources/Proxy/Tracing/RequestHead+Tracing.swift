import HTTP1

extension RequestHead {
    /// The place in a trace that the request came with.
    ///
    /// - Returns: `nil` when there is none, none that can be read, or more than one.
    func traceParent(in bytes: UnsafeRawBufferPointer) -> TraceParent? {
        var found: HeaderField?
        for field in fields where field.isTraceParent(in: bytes) {
            guard found == nil else { return nil }
            found = field
        }
        // One that `Connection` names does not pass the hop it was meant for.
        guard let found, !found.traits.contains(.hopByHop) else { return nil }
        return TraceParent(found.value(in: bytes))
    }
}

extension HeaderField {
    func isTraceParent(in bytes: UnsafeRawBufferPointer) -> Bool {
        nameLength == 11 && name(in: bytes).equalsIgnoringCase("traceparent")
    }

    func isTraceState(in bytes: UnsafeRawBufferPointer) -> Bool {
        nameLength == 10 && name(in: bytes).equalsIgnoringCase("tracestate")
    }
}
