using System.Runtime.InteropServices;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp;

/// <summary>
/// An SFTP server as a remote file system (SFTP version 3, draft-ietf-secsh-filexfer-02, with OpenSSH's extensions).
/// <para>
/// Requests share a few connections (<c>SftpConnections</c>); requests that belong together go out together. Version 3 answers most failures with a mere FAILURE: then
/// the paths concerned are looked at, so that the caller gets the error that a local file system gives. One file per concern: listing and looking up (<c>.Metadata</c>),
/// content (<c>.Content</c>), names (<c>.Names</c>), links (<c>.Links</c>), attributes (<c>.Attributes</c>), publishing an upload (<c>.Publish</c>).
/// </para>
/// </summary>
public sealed partial class SftpFileSystem : IRemoteFileSystem
{
    private readonly SftpSite _site;
    private readonly ISftpConnector _connector;
    private readonly SftpConnections _connections;
    private readonly SftpOwners _owners;
    private readonly OpenFiles _openFiles;

    private SftpFileSystem(SftpSite site, ISftpConnector connector, SftpConnection first, RemotePath root, SftpOwners owners)
    {
        _site = site;
        _connector = connector;
        _owners = owners;
        Root = root;
        _connections = new SftpConnections(site, first);
        _openFiles = new OpenFiles(site);
    }

    /// <summary>The server, and what was learned of it.</summary>
    internal SftpSite Site => _site;

    /// <inheritdoc/>
    public string DisplayName => _site.Options.DisplayName;

    /// <inheritdoc/>
    public RemotePath Root { get; }

    /// <inheritdoc/>
    public RemoteCapabilities Capabilities
    {
        get
        {
            var result = RemoteCapabilities.SetModified | RemoteCapabilities.SetMode | RemoteCapabilities.SetOwner | RemoteCapabilities.Symlinks | RemoteCapabilities.Patch
                | RemoteCapabilities.ResumeStore | RemoteCapabilities.FullStat | RemoteCapabilities.SetSize;
            if (_site.Has(SftpExtensions.Hardlink))
                result |= RemoteCapabilities.HardLinks;
            if (_site.Has(SftpExtensions.PosixRename))
                result |= RemoteCapabilities.AtomicReplace;
            if (_site.Has(SftpExtensions.Lsetstat))
                result |= RemoteCapabilities.SetLinkModified;
            if (_site.Has(SftpExtensions.CopyData))
                result |= RemoteCapabilities.Copy;
            if (_site.Has(SftpExtensions.Statvfs))
                result |= RemoteCapabilities.Space;
            return result;
        }
    }

    /// <inheritdoc/>
    /// <remarks>One connection takes any number of requests; a server works on them one after the other, so that more than this only fills its queue.</remarks>
    public int ConcurrentCalls => 32;

    /// <inheritdoc/>
    public RemoteStatistics Statistics => new()
    {
        OpenConnections = _connections.OpenCount,
        BusyConnections = _connections.BusyCount,
        ConnectionLimit = _connections.Limit,
        ConnectionsMade = _connections.Made,
        ConnectionsLost = _connections.Lost,
        Commands = _site.Traffic.Requests,
        BytesReceived = _site.Traffic.BytesReceived,
        BytesSent = _site.Traffic.BytesSent,
        Offline = _connections.Offline,
        ServerSoftware = _site.Description,
        LastError = _connections.LastError,
    };

    /// <summary>Connects once, to find out whether all is well and what the server can do.</summary>
    /// <param name="options">The server.</param>
    /// <param name="connector">What makes its connections; disposed with the file system, also when this fails.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of connections and failures, never of secrets.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="RemoteException">
    /// With a one-line message: what <see cref="ISftpConnector.ConnectAsync"/> and the SFTP server say, no such folder (<see cref="RemoteError.NotFound"/>,
    /// <see cref="RemoteError.NotADirectory"/>, <see cref="RemoteError.AccessDenied"/>), <see cref="RemoteError.TimedOut"/>.
    /// </exception>
    public static async ValueTask<SftpFileSystem> ConnectAsync(
        SftpOptions options, ISftpConnector connector, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(connector);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        var site = new SftpSite(options, connector, time, logger);
        SftpConnection? connection = null;
        try
        {
            using var deadline = new CancellationTokenSource(options.Timeout + connector.Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                connection = await site.ConnectAsync(either.Token).ConfigureAwait(false);
                var (root, owners) = await ResolveRootAsync(site, connection, either.Token).ConfigureAwait(false);
                return new SftpFileSystem(site, connector, connection, root, owners);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new RemoteException(
                    RemoteError.TimedOut, $"{options.Host} did not let us in within {options.Timeout.TotalSeconds:0.#} s. Check that it is reachable.", e);
            }
        }
        catch
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
            await connector.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _openFiles.DisposeAsync().ConfigureAwait(false);
        await _connections.DisposeAsync().ConfigureAwait(false);
        await _connector.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The folder to show, with the links in its path resolved, whose the login folder is, and, in the same packet, how large requests may be.</summary>
    private static async ValueTask<(RemotePath Root, SftpOwners Owners)> ResolveRootAsync(SftpSite site, SftpConnection connection, CancellationToken cancellationToken)
    {
        var wanted = site.Options.Path;
        var asked = string.IsNullOrEmpty(wanted) ? "."u8.ToArray() : site.Codec.Encode(wanted);
        if (wanted is ['~', ..] && site.Has(SftpExtensions.ExpandPath))
            asked = await ExpandAsync(connection, asked, cancellationToken).ConfigureAwait(false) ?? asked;
        using var home = connection.Ask(SftpPacketType.Lstat, "."u8);
        using var realpath = connection.Ask(SftpPacketType.Realpath, asked);
        using var stat = connection.Ask(SftpPacketType.Stat, asked);
        using var limits = site.AskLimits(connection);
        connection.Submit(limits is null ? [home, realpath, stat] : [limits, home, realpath, stat], SftpPriority.Interactive);
        if (limits is not null)
        {
            await limits.WaitAsync(cancellationToken).ConfigureAwait(false);
            site.TakeLimits(limits);
        }

        await home.WaitAsync(cancellationToken).ConfigureAwait(false);
        await realpath.WaitAsync(cancellationToken).ConfigureAwait(false);
        await stat.WaitAsync(cancellationToken).ConfigureAwait(false);

        var shown = RemotePath.Parse(string.IsNullOrEmpty(wanted) || wanted[0] != '/' ? "/~/" + wanted : wanted);
        var (attributes, status) = SftpCalls.ReadAttributes(stat);
        if (attributes is not { } found)
            throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Opening the folder to show,", shown, status);
        if (SftpEntry.KindOf(found) != RemoteKind.Directory && found.Permissions is not null)
            throw SftpErrorMapping.Failure(RemoteError.NotADirectory, "Opening the folder to show,", shown, null);
        if (!SftpStatus.IsAnswered(realpath, SftpPacketType.Name, out status))
            throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Opening the folder to show,", shown, status);
        var login = home.ReplyType == SftpPacketType.Attrs ? SftpCalls.ReadAttributes(home).Attributes?.Owner : null;
        return (RemotePath.Parse(ReadOneName(site, realpath)), new SftpOwners(site.Options.IdMap, login, (site.Options.LocalUserId ?? CurrentUser(), site.Options.LocalGroupId ?? CurrentGroup())));
    }

    /// <summary>
    /// The path of somebody's home directory, or of what is in it (expand-path@openssh.com, OpenSSH PROTOCOL section 4.8).
    /// </summary>
    /// <returns>Null when the server knows nobody of that name: then it is the name of a file.</returns>
    private static async ValueTask<byte[]?> ExpandAsync(SftpConnection connection, byte[] path, CancellationToken cancellationToken)
    {
        using var expand = connection.Rent(SftpExtensionNames.ExpandPath).Write(path);
        await connection.SendAsync(expand, cancellationToken).ConfigureAwait(false);
        if (expand.ReplyType != SftpPacketType.Name)
            return null;
        var reader = new SftpPacketReader(expand.Body);
        return reader.ReadUInt32() > 0 ? reader.ReadString().ToArray() : null;
    }

    /// <summary>A connection of it.</summary>
    internal ValueTask<SftpConnection> ConnectionAsync(Lane lane, CancellationToken cancellationToken) => _connections.GetAsync(lane, cancellationToken);

    private static string ReadOneName(SftpSite site, SftpRequest realpath)
    {
        var reader = new SftpPacketReader(realpath.Body);
        reader.ReadUInt32();
        return site.Codec.Decode(reader.ReadString());
    }

    private static uint CurrentUser() => OperatingSystem.IsWindows() ? 0 : geteuid();

    private static uint CurrentGroup() => OperatingSystem.IsWindows() ? 0 : getegid();

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint getegid();

    /// <summary>The failure for a status that says by itself what it means; otherwise what <paramref name="unclear"/> says.</summary>
    private static RemoteException Refusal(string what, RemotePath path, in SftpStatus status, RemoteError unclear = RemoteError.ServerFailure) =>
        SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? unclear, what, path, status);
}
