namespace FtpMount.Ftp.Transport;

/// <summary>When a TLS session is too old for data connections to count on it.</summary>
internal static class SessionLifetime
{
    /// <summary>Of this part of its lifetime a session is used; a transfer that begins later might begin too late.</summary>
    private const double Used = 0.8;

    /// <summary>However short-lived a session is: a connection that was never any good would be replaced for ever.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Where the server does not say. ProFTPD keeps sessions for half an hour unless told otherwise (TLSSessionCache), vsftpd for two hours (OpenSSL's own rule).
    /// </summary>
    public static readonly TimeSpan Assumed = TimeSpan.FromMinutes(30);

    /// <summary>Whether it is.</summary>
    public static bool IsAging(DateTimeOffset begun, TimeSpan lifetime, DateTimeOffset now) => now - begun is var age && age > Least && age > lifetime * Used;
}
