using System.Globalization;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>Whether the server takes as many connections as a mount may make.</summary>
internal static class ParallelExamination
{
    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        var section = new SectionBuilder("Connections");
        var wanted = server.Site.Options.Connections;
        server.Report($"{wanted} connections at once");
        var further = new List<SftpConnection>();
        RemoteException? failure = null;
        var start = server.Time.GetTimestamp();
        try
        {
            while (further.Count + 1 < wanted && failure is null)
            {
                using var deadline = new CancellationTokenSource(server.Site.Options.Timeout, server.Time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
                try
                {
                    further.Add(await server.Site.ConnectAsync(either.Token).ConfigureAwait(false));
                }
                catch (RemoteException e)
                {
                    failure = e;
                }
                catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
                {
                    failure = new RemoteException(RemoteError.TimedOut, "It did not let us in in time.", e);
                }
            }

            var took = server.Time.GetElapsedTime(start);
            var subject = string.Create(CultureInfo.InvariantCulture, $"{wanted} at once");
            if (failure is null)
                section.Works(subject, "works", took);
            else
                section.Partly(subject, string.Create(CultureInfo.InvariantCulture, $"{further.Count + 1} of them: {failure.Message}"), "The mount gets along with fewer; large transfers may be slower, and short requests wait behind them.");
        }
        finally
        {
            foreach (var connection in further)
                await connection.DisposeAsync().ConfigureAwait(false);
        }

        return section.Section;
    }
}
