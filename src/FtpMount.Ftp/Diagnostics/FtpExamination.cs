using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>
/// Finds out what an FTP server can do, with the connections, the transfers and the listings of a mount, and says what that means for one. Without
/// <see cref="ExaminationOptions.Writes"/> nothing on the server is changed; with it, only in a folder that is made for the purpose and removed, also when the examination
/// is broken off. What was learned is remembered for the next mount (<see cref="FtpOptions.MemoryDirectory"/>).
/// </summary>
public static class FtpExamination
{
    /// <summary>Examines a server.</summary>
    /// <param name="options">The server, and how a mount would use it.</param>
    /// <param name="how">How thoroughly.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets what a mount would log.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="RemoteException">There is no session with the server, or not the directory to be shown: as from <see cref="FtpFileSystem.ConnectAsync(FtpOptions, TimeProvider, ILogger, CancellationToken)"/>.</exception>
    public static async ValueTask<ServerProfile> RunAsync(
        FtpOptions options, ExaminationOptions how, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(how);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        await using var server = new ExaminedServer(options, how, time, logger);
        server.Report("connecting");
        var connection = await server.ConnectionAsync(cancellationToken);
        server.Root = server.Site.ResolveRoot(connection.LoginFolder ?? "/");
        await FtpFileSystem.CheckRootAsync(connection, server.Root, cancellationToken);

        var sections = new List<ProfileSection>
        {
            await ConnectionExamination.RunAsync(server, cancellationToken),
            ServerExamination.Run(server),
        };
        var listing = new ListingExamination(server);
        sections.Add(await listing.RunAsync(cancellationToken));
        if (how.Writes)
        {
            await using var folder = new TrialFolder(server);
            sections.AddRange(await WritingExamination.RunAsync(server, folder, cancellationToken));
            sections.Add(await ReadingExamination.RunAsync(server, cancellationToken));
        }
        else
        {
            sections.Add(await ReadingExamination.RunAsync(server, cancellationToken));
        }

        var data = new DataConnectionExamination(server);
        sections.Add(await data.RunAsync(cancellationToken));
        var (parallel, limit) = await ParallelExamination.RunAsync(server, cancellationToken);
        sections.Add(parallel);
        server.Site.Remember(limit);
        return ServerProfile.Conclude(server.Options.DisplayName, server.Site.ServerSoftware, sections, listing.Lists && data.Works, how.Writes);
    }
}
