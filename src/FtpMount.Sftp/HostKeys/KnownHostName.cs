using System.Globalization;

namespace FtpMount.Sftp.HostKeys;

/// <summary>The name under which a host is known: in lower case, and <c>[name]:port</c> for another port than 22.</summary>
internal static class KnownHostName
{
    private const int UsualPort = 22;

    /// <summary>Makes it.</summary>
    public static string Of(string host, int port) =>
        port == UsualPort ? host.ToLowerInvariant() : string.Create(CultureInfo.InvariantCulture, $"[{host.ToLowerInvariant()}]:{port}");
}
