using System.Net;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>How the first session began, step by step, and how long a round trip takes.</summary>
internal static class ConnectionExamination
{
    private const int RoundTrips = 5;

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Connection");
        var connection = await server.ConnectionAsync(cancellationToken);
        var watch = server.FirstSession!;
        var address = watch.Peer?.Address.MapToIPv4IfMapped().ToString() ?? "";
        if (IPAddress.TryParse(server.Options.Host, out _))
            section.Fact("Name lookup", "not needed, it is an address");
        else
            section.Works("Name lookup", $"{server.Options.Host} is {address}", watch.TimeOf(FtpSessionStep.NameResolved));
        section.Works("TCP connection", $"to {address} port {server.Options.Port}", watch.TimeOf(FtpSessionStep.Connected));
        section.Works("Greeting", "came", watch.TimeOf(FtpSessionStep.Greeted));
        EncryptionFindings.Add(section, server, watch, connection.Encryption);
        section.Works("Login", $"as {server.Options.User}", watch.TimeOf(FtpSessionStep.LoggedIn));
        section.Works("Features and settings", "asked and made", watch.TimeOf(FtpSessionStep.Ready));
        await AddRoundTripAsync(section, server, cancellationToken);
        return section.Section;
    }

    /// <summary>The median, because one lost packet says nothing about the line.</summary>
    private static async ValueTask AddRoundTripAsync(SectionBuilder section, ExaminedServer server, CancellationToken cancellationToken)
    {
        const double Slow = 150;
        var times = new List<TimeSpan>();
        for (var i = 0; i < RoundTrips; i++)
        {
            var start = server.Time.GetTimestamp();
            if (await server.AskAsync(new FtpCommand("NOOP"), cancellationToken) is null)
            {
                section.Problem("Round trip", "the server ends the session at a NOOP", "Connections that are idle are lost and made anew.");
                return;
            }

            times.Add(server.Time.GetElapsedTime(start));
        }

        times.Sort();
        var median = times[RoundTrips / 2];
        if (median.TotalMilliseconds > Slow)
            section.Partly("Round trip", "slow", "What is not cached takes at least this long for each look.", median);
        else
            section.Works("Round trip", "one command and its reply", median);
    }

    private static IPAddress MapToIPv4IfMapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
