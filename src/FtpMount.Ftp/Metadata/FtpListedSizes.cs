using System.Runtime.CompilerServices;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// The lengths of files whose listing does not tell them: OpenVMS counts blocks, z/OS tracks, some servers round, 32-bit servers overflow. A file of unknown length
/// cannot be read, so they are asked with SIZE (RFC 3659 section 4) in one burst after the listing.
/// </summary>
internal static class FtpListedSizes
{
    /// <summary>The most files of one listing that are asked for where each costs a round trip.</summary>
    private const int MostSingly = 500;

    /// <summary>Whether SIZE can tell more of an entry than the listing did.</summary>
    public static bool IsUnknown(FtpSite site, RemoteEntry entry) => entry.Kind == RemoteKind.File && entry.Size is null && site.Size != FtpSupport.No;

    /// <summary>Asks for the lengths of files.</summary>
    /// <returns>All files, those that cannot be asked for by their names first, otherwise in their order; as they were where the server does not say.</returns>
    /// <exception cref="RemoteException">The link was lost.</exception>
    public static async IAsyncEnumerable<RemoteEntry> AskAsync(
        FtpConnection connection, RemotePath directory, List<RemoteEntry> files, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var next = 0;
        if (files.Count > 0 && connection.IsUsable)
        {
            var named = new List<RemoteEntry>(files.Count);
            foreach (var file in files)
            {
                if (await connection.CanNameInBurstAsync(directory.Combine(file.Name), cancellationToken))
                    named.Add(file);
                else
                    yield return file;
            }

            files = named;
            var count = site.Pipelining == FtpSupport.No ? Math.Min(files.Count, MostSingly) : files.Count;
            var commands = files.GetRange(0, count).ConvertAll(file => site.Command("SIZE", directory.Combine(file.Name))).ToArray();
            var replies = site.Pipelining == FtpSupport.No
                ? AskSinglyAsync(connection, commands, cancellationToken)
                : connection.ExchangeManyAsync(commands, cancellationToken);
            await foreach (var reply in replies)
            {
                if (reply.Code.IsUnknownCommand)
                {
                    site.Size = FtpSupport.No;
                    break;
                }

                yield return files[next++] with { Size = FtpStat.ReadSize(reply) };
            }
        }

        for (; next < files.Count; next++)
            yield return files[next];
    }

    private static async IAsyncEnumerable<Control.FtpReply> AskSinglyAsync(
        FtpConnection connection, Control.FtpCommand[] commands, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var command in commands)
            yield return await connection.ExchangeAsync(command, cancellationToken);
    }
}
