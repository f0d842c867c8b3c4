import Glibc
import NIOCore

extension Channel {
    /// Bounds what the kernel takes for this socket before it has sent it (`TCP_NOTSENT_LOWAT`), to
    /// ``ProxyConfiguration/unsentByteLimit``.
    ///
    /// Where the system cannot, as some that run containers, it stays as it was; so do Unix sockets, which take little.
    func limitUnsentBytes() {
        let option = ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT))
        try? syncOptions?.setOption(option, value: ProxyConfiguration.unsentByteLimit)
    }
}
