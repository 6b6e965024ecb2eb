using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>
/// Finds out what an SFTP server can do, by what a mount does with it, and says what that means for one. Without <see cref="ExaminationOptions.Writes"/> nothing on the server
/// is changed; with it, only in a folder that is made for the purpose and removed, also when the examination is broken off.
/// </summary>
public static class SftpExamination
{
    /// <summary>Examines a server.</summary>
    /// <param name="options">The server, and how a mount would use it.</param>
    /// <param name="how">How thoroughly.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets what a mount would log.</param>
    /// <param name="prompter">Who is asked for what the login needs; null for nobody.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="RemoteException">There is no session with the server, or not the directory to be shown: as from <see cref="SftpFileSystem.ConnectAsync"/>.</exception>
    public static async ValueTask<ServerProfile> RunAsync(
        SftpOptions options, ExaminationOptions how, TimeProvider time, ILogger logger, ISshPrompter? prompter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(how);
        ArgumentNullException.ThrowIfNull(time);
        how.Progress?.Report("connecting");
        options = options with { Verbose = true, Transcript = how.Transcript };
        var start = time.GetTimestamp();
        var sftp = await SftpFileSystem.ConnectAsync(options, SftpConnectors.Create(options, time, logger, prompter), time, logger, cancellationToken).ConfigureAwait(false);
        await using (sftp.ConfigureAwait(false))
        {
            var server = new ExaminedServer(sftp, how, time);
            var sections = new List<ProfileSection>
            {
                await ConnectionExamination.RunAsync(server, time.GetElapsedTime(start), cancellationToken).ConfigureAwait(false),
                await ServerExamination.RunAsync(server, cancellationToken).ConfigureAwait(false),
            };
            var (listing, lists) = await ListingExamination.RunAsync(server, cancellationToken).ConfigureAwait(false);
            sections.Add(listing);
            if (how.Writes)
            {
                var folder = new TrialFolder(server);
                await using (folder.ConfigureAwait(false))
                {
                    sections.AddRange(await WritingExamination.RunAsync(server, folder, cancellationToken).ConfigureAwait(false));
                    sections.Add(await ReadingExamination.RunAsync(server, cancellationToken).ConfigureAwait(false));
                }
            }
            else
            {
                sections.Add(await ReadingExamination.RunAsync(server, cancellationToken).ConfigureAwait(false));
            }

            sections.Add(await ParallelExamination.RunAsync(server, cancellationToken).ConfigureAwait(false));
            return ServerProfile.Conclude(sftp.DisplayName, server.Software, sections, lists, how.Writes);
        }
    }
}
