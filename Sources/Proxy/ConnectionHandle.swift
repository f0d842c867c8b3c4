/// Refers to a client connection from what may outlive it: timers, and questions whose answers come later.
///
/// No weak reference, because one would make every later use of the connection slower: its reference counts would move
/// out of it into a table.
final class ConnectionHandle {
    /// The connection, until it is closed.
    var connection: ClientConnection?
}
