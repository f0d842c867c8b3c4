/// A JSON value, for documents and the control plane; tokens on the data path are read without it.
package indirect enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, exact.
    case number(JSONNumber)
    /// A string, unescaped.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// An integer.
    package static func integer(_ value: Int64) -> JSONValue {
        .number(JSONNumber(value))
    }

    /// An object of the given members, in this order.
    package static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members: members.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }

    /// The string, when it is one.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value, when it is one.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number, when it is one.
    package var number: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The elements, when it is an array.
    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, when it is an object.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of that name, when this is an object that has it.
    package subscript(name: String) -> JSONValue? {
        object?[name]
    }
}

/// The members of a JSON object in the order they were written.
///
/// The parser lets no name occur twice.
package struct JSONObject: Sendable, Equatable {
    /// One member.
    package struct Member: Sendable, Equatable {
        /// The name, unescaped.
        package let name: String
        /// The value.
        package let value: JSONValue

        /// A member of that name and value.
        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The members in order.
    package let members: [Member]

    /// An object of these members.
    ///
    /// The caller answers for their names being distinct.
    package init(members: [Member]) {
        self.members = members
    }

    /// The value of the member of that name, compared code point by code point.
    package subscript(name: String) -> JSONValue? {
        // Swift's == on strings takes canonically equivalent texts for equal; names in JSON are equal by code points.
        members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }
}
