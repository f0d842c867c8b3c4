/// A member's value as far as tokens need it: where it lies, not what it holds.
enum JSONRawValue {
    case string(JSONStringSlice)
    case number(Range<Int>)
    case array(Range<Int>)
    case object(Range<Int>)
    case other
}

extension JSONScanner {
    /// Reads the members of an object that fills the whole text, or a part of it, and checks all that is nested in it.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - range: where the object lies; the whole text when nil.
    ///   - body: called with each name and value in order.
    /// - Throws: `malformed`, or what `body` throws.
    mutating func scanMembers(
        of text: UnsafeRawBufferPointer, in range: Range<Int>? = nil,
        _ body: (JSONStringSlice, JSONRawValue) throws(TokenRejection) -> Void
    ) throws(TokenRejection) {
        do throws(JSONError) {
            try start(text, range: range)
            guard case .beginObject = try next() else { throw JSONError(code: .syntax, offset: 0) }
        } catch {
            throw .malformed
        }
        while let (name, value) = try nextMember() {
            try body(name, value)
        }
    }

    /// Reads the strings of an array.
    ///
    /// - Parameters:
    ///   - range: where the array lies.
    ///   - text: the text that was scanned last, and found well-formed.
    ///   - body: called with each string in order.
    /// - Returns: whether all elements are strings.
    mutating func scanStrings(
        ofArrayAt range: Range<Int>, in text: UnsafeRawBufferPointer, _ body: (JSONStringSlice) -> Void
    ) -> Bool {
        do throws(JSONError) {
            try start(text, range: range)
            guard case .beginArray = try next() else { return false }
            while true {
                switch try next() {
                case .string(let slice): body(slice)
                case .endArray: return true
                default: return false
                }
            }
        } catch {
            return false
        }
    }

    private mutating func nextMember() throws(TokenRejection) -> (JSONStringSlice, JSONRawValue)? {
        do throws(JSONError) {
            switch try next() {
            case .name(let name):
                return (name, try nextRawValue())
            case .endObject:
                guard case .endOfText = try next() else { throw JSONError(code: .syntax, offset: position) }
                return nil
            default:
                throw JSONError(code: .syntax, offset: position)
            }
        } catch {
            throw .malformed
        }
    }

    private mutating func nextRawValue() throws(JSONError) -> JSONRawValue {
        let event = try next()
        switch event {
        case .string(let slice): return .string(slice)
        case .number(let range): return .number(range)
        case .beginArray, .beginObject:
            let start = position - 1
            try skipContainer()
            if case .beginArray = event { return .array(start..<position) }
            return .object(start..<position)
        default: return .other
        }
    }

    private mutating func skipContainer() throws(JSONError) {
        var openCount = 1
        while openCount > 0 {
            switch try next() {
            case .beginArray, .beginObject: openCount += 1
            case .endArray, .endObject: openCount -= 1
            default: break
            }
        }
    }
}
