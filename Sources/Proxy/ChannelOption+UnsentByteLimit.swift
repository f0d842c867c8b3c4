import Glibc
import NIOCore

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
    /// `TCP_NOTSENT_LOWAT`: how many bytes the kernel takes that it has not sent yet; only for TCP.
    static var unsentByteLimit: Self { .tcpOption(NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)) }
}
