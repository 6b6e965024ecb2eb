using System.Globalization;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>How many connections the server allows at once, up to what a mount would use.</summary>
internal static class ParallelExamination
{
    /// <returns>The section, and the number where it is smaller than what a mount would use.</returns>
    public static async ValueTask<(ProfileSection Section, int? Limit)> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Connections at once");
        var wanted = Math.Max(1, server.Options.Connections);
        server.Report($"{wanted} connections at once");
        var open = new List<FtpConnection>();
        RemoteException? refusal = null;
        try
        {
            await server.DropAsync();
            while (open.Count < wanted && refusal is null)
            {
                try
                {
                    open.Add(await FtpConnection.ConnectAsync(server.Site, cancellationToken));
                }
                catch (RemoteException e)
                {
                    refusal = e;
                }
            }
        }
        finally
        {
            foreach (var connection in open)
                await connection.DisposeAsync();
        }

        var count = string.Create(CultureInfo.InvariantCulture, $"{open.Count} of {wanted}");
        if (refusal is null)
        {
            section.Works("Logged in", count);
            return (section.Section, null);
        }

        if (refusal.Error != RemoteError.TooManyConnections || open.Count == 0)
        {
            section.Problem("Logged in", $"{count}, then: {refusal.ServerReply ?? refusal.Message}");
            return (section.Section, null);
        }

        section.Partly(
            "Logged in",
            $"{count}, then: {refusal.ServerReply}",
            open.Count == 1
                ? "While a file is read or written, nothing else can be looked at."
                : "Fewer files are read and written at the same time. Your other programs' connections count, too.");
        section.Advise(string.Create(CultureInfo.InvariantCulture, $"connections={open.Count}"));
        return (section.Section, open.Count);
    }
}
