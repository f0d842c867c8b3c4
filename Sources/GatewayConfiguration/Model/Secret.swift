/// Text that must not be seen: a password or a token.
///
/// Printing, interpolating, dumping and reflecting it give `[redacted]`; only ``exposed`` gives the text, so each use of it
/// can be found by name.
package struct Secret: Sendable, Equatable {
    /// The text itself.
    ///
    /// Never to be logged or put into an error.
    package let exposed: String

    /// Wraps a text.
    package init(_ text: String) {
        exposed = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `[redacted]`.
    package var description: String { "[redacted]" }

    /// Always `[redacted]`.
    package var debugDescription: String { "[redacted]" }

    /// A mirror without children, so that `dump` and reflecting loggers find nothing.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
