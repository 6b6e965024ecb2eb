namespace FtpMount.Remote.Network;

/// <summary>What a proxy speaks.</summary>
public enum ProxyKind
{
    /// <summary>The method CONNECT of HTTP/1.1 (RFC 9110 section 9.3.6).</summary>
    HttpConnect,

    /// <summary>SOCKS version 5 (RFC 1928); names of hosts are looked up by the proxy.</summary>
    Socks5,
}
