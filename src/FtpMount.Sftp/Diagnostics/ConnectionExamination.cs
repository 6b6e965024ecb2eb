using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;
using FtpMount.Sftp.Transport.BuiltIn;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>What carries the bytes, how they are protected, and how long a round trip takes.</summary>
internal static class ConnectionExamination
{
    private const int RoundTrips = 7;

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, TimeSpan login, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Connection");
        var connection = await server.ConnectionAsync(cancellationToken).ConfigureAwait(false);
        section.Fact("Carried by", connection.Description?.StartsWith(BuiltInSshConnector.DescriptionPrefix, StringComparison.Ordinal) == true ? "SSH in this process (transport=builtin)" : "the system's ssh (transport=ssh)");
        section.Works("Connect and log in", "works", login);
        var facts = connection.Facts ?? new();
        server.Software = facts.Software;
        if (facts.Cipher is { } cipher)
            AddAlgorithms(section, facts.KeyExchange, facts.HostKey, cipher, facts.MessageAuthentication);
        else
            section.Fact("Encryption", "not told: ssh uses a connection that was there before (ControlMaster)");
        if (facts.Login is { } method)
            section.Fact("Logged in by", method);
        section.Fact("Round trip", $"the shortest of {RoundTrips}", await ShortestAsync(server, connection, cancellationToken).ConfigureAwait(false));
        return section.Section;
    }

    private static void AddAlgorithms(SectionBuilder section, string? exchange, string? hostKey, string cipher, string? authentication)
    {
        section.Fact("Key exchange", exchange ?? "not told");
        section.Fact("Host key", hostKey ?? "not told");
        if (cipher.Contains("gcm", StringComparison.Ordinal))
            section.Works("Cipher", cipher);
        else
            section.Partly("Cipher", cipher, "AES-GCM is about twice as fast on most processors; the server does not offer it, or ~/.ssh/config chooses another.");
        section.Fact("Protected against changes", authentication ?? "not told");
    }

    private static async ValueTask<TimeSpan> ShortestAsync(ExaminedServer server, SftpConnection connection, CancellationToken cancellationToken)
    {
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < RoundTrips; i++)
        {
            var start = server.Time.GetTimestamp();
            await connection.NameAsync(SftpPacketType.Realpath, "."u8.ToArray(), cancellationToken).ConfigureAwait(false);
            var took = server.Time.GetElapsedTime(start);
            shortest = took < shortest ? took : shortest;
        }

        return shortest;
    }
}
