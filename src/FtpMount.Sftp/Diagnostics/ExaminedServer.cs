using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>The server under examination, as a mount would use it, and what was found on it so far.</summary>
internal sealed class ExaminedServer(SftpFileSystem sftp, ExaminationOptions how, TimeProvider time)
{
    public SftpFileSystem Sftp => sftp;

    public SftpSite Site => sftp.Site;

    public ExaminationOptions How => how;

    public TimeProvider Time => time;

    /// <summary>What the server says it is; null when it does not.</summary>
    public string? Software { get; set; }

    /// <summary>A file with content; null when there is none.</summary>
    public RemoteEntry? Sample { get; set; }

    /// <summary>Where that is.</summary>
    public RemotePath SamplePath { get; set; }

    public void Report(string what) => how.Progress?.Report(what);

    public ValueTask<SftpConnection> ConnectionAsync(CancellationToken cancellationToken) => sftp.ConnectionAsync(Lane.Interactive, cancellationToken);

    /// <summary>Does something a mount does.</summary>
    /// <returns>How long it took, and why it failed; null when it did not.</returns>
    public async ValueTask<(TimeSpan Took, RemoteException? Failure)> TryAsync(Func<ValueTask> action)
    {
        var start = time.GetTimestamp();
        try
        {
            await action().ConfigureAwait(false);
            return (time.GetElapsedTime(start), null);
        }
        catch (RemoteException e)
        {
            return (time.GetElapsedTime(start), e);
        }
    }

    /// <summary>The content from an offset on, at most so much of it.</summary>
    public async ValueTask<byte[]> ReadAsync(RemotePath path, long offset, int length, CancellationToken cancellationToken)
    {
        var reader = await sftp.OpenReadAsync(path, offset, length, Lane.Read, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var content = new byte[length];
            var done = 0;
            while (done < length && await reader.ReadAsync(content.AsMemory(done), cancellationToken).ConfigureAwait(false) is > 0 and var count)
                done += count;
            return content[..done];
        }
    }

    public async ValueTask StoreAsync(RemotePath path, byte[] content, StoreMode mode, long offset, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content);
        await sftp.StoreAsync(path, stream, mode, offset, null, Lane.Write, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the server says of a failure.</summary>
    public static string Why(RemoteException failure) => failure.ServerReply is { Length: > 0 } reply ? $"refused ({reply})" : $"failed ({failure.Error})";
}
