/// Exchanges that last longer than what permitted them: a WebSocket, a stream of events, a long download.
///
/// The client has the head of an answer by then, so no other answer can be given: its connection, or its stream of
/// HTTP/2, is broken off.
extension ClientConnection {
    /// Why the exchange must end, if it must.
    ///
    /// A request that has no answer yet is left alone: it was permitted when it came.
    func reasonToEnd() -> StaticString? {
        guard let basis = exchange.permitBasis else { return nil }
        switch phase {
        case .tunnelling: return authentication.reasonToEnd(basis)
        case .exchanging where exchange.state.response == .started: return authentication.reasonToEnd(basis)
        case .readingHead, .deciding, .gathering, .answering, .connecting, .exchanging, .lingering, .closed: return nil
        }
    }
}
