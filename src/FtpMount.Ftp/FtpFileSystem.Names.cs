using System.Buffers;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>Deleting, making directories, renaming.</content>
public sealed partial class FtpFileSystem
{
    /// <summary>The control characters of ASCII; NUL, CR and LF are in no name.</summary>
    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create([.. Enumerable.Range(1, 31).Select(code => (char)code), '\u007F']);

    /// <inheritdoc/>
    public ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        ChangeAsync(
            lane,
            async (connection, token) =>
            {
                var reply = await connection.ExchangeAsync(_site.Command("DELE", path), token);
                if (!reply.Code.IsCompletion)
                    throw await RefusalAsync(connection, "Deleting", path, reply, FtpPathState.Directory, RemoteError.IsADirectory, token);
            },
            (connection, token) => IsGoneAsync(connection, path, token),
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await RejectNameThatIsNotKeptAsync(path, lane, cancellationToken);
        await ChangeAsync(
            lane,
            async (connection, token) =>
            {
                var reply = await connection.ExchangeAsync(_site.Command("MKD", path), token);
                if (!reply.Code.IsCompletion)
                    throw await CreateDirectoryRefusalAsync(connection, path, reply, token);
            },
            async (connection, token) => await FtpStat.ProbeAsync(connection, path, token) == FtpPathState.Directory,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        ChangeAsync(
            lane,
            async (connection, token) =>
            {
                var reply = await connection.ExchangeAsync(_site.Command("RMD", path), token);
                if (reply.Code.IsCompletion)
                    return;
                var refusal = await RefusalAsync(connection, "Removing the directory", path, reply, FtpPathState.File, RemoteError.NotADirectory, token);
                if (refusal.Error == RemoteError.AccessDenied && FtpErrorMapping.FromText(reply) is null && await HasEntriesAsync(connection, path, token))
                    refusal = FtpErrorMapping.Failure(RemoteError.NotEmpty, "Removing the directory", path, reply);
                throw refusal;
            },
            (connection, token) => IsGoneAsync(connection, path, token),
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken)
    {
        if (source == target)
        {
            await StatAsync(source, lane, cancellationToken);
            return;
        }

        if (target.IsAtOrBelow(source))
            throw new RemoteException(RemoteError.InvalidName, $"{FtpErrorMapping.Quote(source)} cannot be moved into itself.") { Path = target };
        await RejectNameThatIsNotKeptAsync(target, lane, cancellationToken);
        await ChangeAsync(
            lane,
            async (connection, token) =>
            {
                if (!replace && await FtpStat.ProbeAsync(connection, target, token) is FtpPathState.File or FtpPathState.Directory)
                    throw FtpErrorMapping.Failure(RemoteError.AlreadyExists, "Renaming to", target, null);
                var replies = await RenameOnceAsync(connection, source, target, [], token);
                if (!replies[1].Code.IsCompletion)
                    await RenameOtherwiseAsync(connection, source, target, replace, replies, token);
            },
            (connection, token) => HasMovedAsync(connection, source, target, token),
            cancellationToken);
    }

    /// <summary>
    /// Changes something that must change once. When the link is lost meanwhile, nobody knows whether the server still did it: another session looks first, and the change
    /// is made again only where it did not happen. What another client did in that moment cannot be told from our own doing.
    /// </summary>
    private async ValueTask ChangeAsync(
        Lane lane,
        Func<FtpConnection, CancellationToken, ValueTask> change,
        Func<FtpConnection, CancellationToken, ValueTask<bool>> hasHappened,
        CancellationToken cancellationToken)
    {
        var begun = false;
        await _pool.RunAsync(
            lane,
            repeatable: true,
            async (connection, token) =>
            {
                if (begun && await hasHappened(connection, token))
                    return;
                begun = true;
                await change(connection, token);
            },
            cancellationToken);
    }

    private static async ValueTask<bool> IsGoneAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken) =>
        await FtpStat.ProbeAsync(connection, path, cancellationToken) == FtpPathState.Missing;

    private static async ValueTask<bool> HasMovedAsync(FtpConnection connection, RemotePath source, RemotePath target, CancellationToken cancellationToken) =>
        await IsGoneAsync(connection, source, cancellationToken)
        && await FtpStat.ProbeAsync(connection, target, cancellationToken) is FtpPathState.File or FtpPathState.Directory;

    /// <summary>
    /// RNFR and RNTO, always both: after a lone RNFR that succeeded, ProFTPD, Pure-FTPd and pyftpdlib would apply the next RNTO to it, whatever RNFR came in between.
    /// </summary>
    /// <param name="connection">The session.</param>
    /// <param name="source">From.</param>
    /// <param name="target">To.</param>
    /// <param name="following">Commands for the same packet.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>The replies to RNFR, RNTO, and those that follow.</returns>
    private static async ValueTask<FtpReply[]> RenameOnceAsync(
        FtpConnection connection, RemotePath source, RemotePath target, IEnumerable<FtpCommand> following, CancellationToken cancellationToken)
    {
        var (from, to) = await connection.NameRenameAsync(source, target, cancellationToken);
        var replies = await connection.ExchangeAsync([from, to, .. following], cancellationToken);
        if (replies[0].Code.IsNegative && replies[1].Code.IsCompletion)
        {
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server renamed something to {FtpErrorMapping.Quote(target)} after it refused to rename {FtpErrorMapping.Quote(source)}.");
        }

        return replies;
    }

    /// <summary>A rename was refused: finds out why, and where the server only does not replace files, does it in steps.</summary>
    private async ValueTask RenameOtherwiseAsync(
        FtpConnection connection, RemotePath source, RemotePath target, bool replace, FtpReply[] replies, CancellationToken cancellationToken)
    {
        var refusal = replies[0].Code.IsNegative ? replies[0] : replies[1];
        if (refusal.Code.IsUnknownCommand)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Renaming", source, refusal);
        var from = await FtpStat.ProbeAsync(connection, source, cancellationToken);
        if (from is FtpPathState.Missing or FtpPathState.Denied)
            throw FtpErrorMapping.Failure(from == FtpPathState.Missing ? RemoteError.NotFound : RemoteError.AccessDenied, "Renaming", source, refusal);
        if (replies[0].Code.IsNegative)
            throw FtpErrorMapping.Failure(FtpErrorMapping.FromText(refusal) is { } told and not RemoteError.NotFound ? told : RemoteError.AccessDenied, "Renaming", source, refusal);

        var to = await FtpStat.ProbeAsync(connection, target, cancellationToken);
        switch (from, to)
        {
            case (_, FtpPathState.Denied):
                throw FtpErrorMapping.Failure(RemoteError.AccessDenied, "Renaming to", target, refusal);
            case (_, FtpPathState.Missing):
                var error = await FtpStat.ParentErrorAsync(connection, target, cancellationToken);
                if (error == RemoteError.AccessDenied)
                    error = FtpErrorMapping.FromText(refusal) ?? error;
                throw FtpErrorMapping.Failure(error, "Renaming to", target, refusal);
            case (FtpPathState.File, FtpPathState.Directory):
                throw FtpErrorMapping.Failure(RemoteError.IsADirectory, "Renaming to", target, refusal);
            case (FtpPathState.Directory, FtpPathState.File):
                throw FtpErrorMapping.Failure(RemoteError.NotADirectory, "Renaming to", target, refusal);
            case (FtpPathState.Directory, FtpPathState.Directory) when await HasEntriesAsync(connection, target, cancellationToken):
                throw FtpErrorMapping.Failure(RemoteError.NotEmpty, "Renaming to", target, refusal);
        }

        if (!replace || FtpErrorMapping.FromText(refusal) == RemoteError.AccessDenied || _site.AtomicReplace == FtpSupport.Yes)
            throw FtpErrorMapping.Failure(replace ? FtpErrorMapping.FromText(refusal) ?? RemoteError.AccessDenied : RemoteError.AlreadyExists, "Renaming to", target, refusal);

        await ReplaceInStepsAsync(connection, source, target, to, refusal, cancellationToken);
    }

    /// <summary>
    /// Both are there and of one kind: the server does not replace (IIS; ProFTPD with AllowOverwrite off). The old target is moved aside first and deleted last, so that
    /// it is not lost when the server does not let the source be moved either.
    /// </summary>
    private async ValueTask ReplaceInStepsAsync(
        FtpConnection connection, RemotePath source, RemotePath target, FtpPathState kind, FtpReply refusal, CancellationToken cancellationToken)
    {
        var aside = target.Parent.Combine(".ftpmount-" + Guid.NewGuid().ToString("N")[..12] + ".replaced");
        var moved = await RenameOnceAsync(connection, target, aside, [], cancellationToken);
        if (!moved[1].Code.IsCompletion)
            throw FtpErrorMapping.Failure(FtpErrorMapping.FromText(refusal) ?? RemoteError.AccessDenied, "Replacing", target, refusal);

        // From here on the caller's wish to stop must not leave the target away; every command has its deadline.
        var replies = await RenameOnceAsync(connection, source, target, [], CancellationToken.None);
        if (!replies[1].Code.IsCompletion)
        {
            await RenameOnceAsync(connection, aside, target, [], CancellationToken.None);
            throw FtpErrorMapping.Failure(FtpErrorMapping.Classify(replies[1]) ?? RemoteError.AccessDenied, "Renaming to", target, replies[1]);
        }

        _site.AtomicReplace = FtpSupport.No;
        await connection.ExchangeAsync(_site.Command(kind == FtpPathState.Directory ? "RMD" : "DELE", aside), CancellationToken.None);
    }

    private static async ValueTask<bool> HasEntriesAsync(FtpConnection connection, RemotePath directory, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var entry in FtpListing.ListAsync(connection, directory, exactTimes: false, cancellationToken))
                return true;
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            // Not to be seen: then it is not known to have entries.
        }

        return false;
    }

    /// <summary>Why an operation on one path was refused.</summary>
    private static async ValueTask<RemoteException> RefusalAsync(
        FtpConnection connection,
        string what,
        RemotePath path,
        FtpReply reply,
        FtpPathState wrongKind,
        RemoteError wrongKindError,
        CancellationToken cancellationToken)
    {
        var error = FtpErrorMapping.Classify(reply);
        if (error is null or RemoteError.Busy or RemoteError.ServerFailure)
        {
            var state = await FtpStat.ProbeAsync(connection, path, cancellationToken);
            error = state == FtpPathState.Missing ? RemoteError.NotFound
                : state == wrongKind ? wrongKindError
                : error ?? RemoteError.AccessDenied;
        }

        return FtpErrorMapping.Failure(error.Value, what, path, reply);
    }

    private static async ValueTask<RemoteException> CreateDirectoryRefusalAsync(
        FtpConnection connection, RemotePath path, FtpReply reply, CancellationToken cancellationToken)
    {
        const string What = "Making the directory";
        var error = FtpErrorMapping.Classify(reply);
        if (error is null)
        {
            error = await FtpStat.ProbeAsync(connection, path, cancellationToken) switch
            {
                FtpPathState.File or FtpPathState.Directory => RemoteError.AlreadyExists,
                FtpPathState.Denied => RemoteError.AccessDenied,
                _ => await FtpStat.ParentErrorAsync(connection, path, cancellationToken),
            };
        }

        return FtpErrorMapping.Failure(error.Value, What, path, reply);
    }

    /// <summary>
    /// Refuses a name that the server would silently change: Pure-FTPd turns a space at the end and control characters into underscores. Found out once per site, by
    /// making and removing an empty directory beside the path.
    /// </summary>
    private async ValueTask RejectNameThatIsNotKeptAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        if (path.Name.EndsWith(' '))
        {
            if (_site.TrailingSpace == FtpSupport.Unknown)
                _site.TrailingSpace = await _pool.RunAsync(lane, repeatable: true, (connection, token) => IsKeptAsync(connection, path.Parent, " ", token), cancellationToken);
            if (_site.TrailingSpace == FtpSupport.No)
                throw FtpErrorMapping.Failure(RemoteError.InvalidName, "Using the name", path, null);
        }

        if (path.Name.AsSpan().ContainsAny(ControlCharacters))
        {
            const string Sample = "\t\u0001\u001B\u007F.";
            if (_site.ControlCharacters == FtpSupport.Unknown)
                _site.ControlCharacters = await _pool.RunAsync(lane, repeatable: true, (connection, token) => IsKeptAndListedAsync(connection, path.Parent, Sample, token), cancellationToken);
            if (_site.ControlCharacters == FtpSupport.No)
                throw FtpErrorMapping.Failure(RemoteError.InvalidName, "Using the name", path, null);
        }

        if (_site.Mlsd == FtpSupport.No && path.Name.AsSpan().ContainsAnyInRange('\uDC80', '\uDCFF') && HasRawBytes(path.Name))
        {
            if (_site.RawBytes == FtpSupport.Unknown)
                _site.RawBytes = await IsListedOnceAsync("\uDCE9\uDCFF.");
            if (_site.RawBytes == FtpSupport.No)
                throw FtpErrorMapping.Failure(RemoteError.InvalidName, "Using the name", path, null);
        }

        ValueTask<FtpSupport> IsListedOnceAsync(string sample) => _pool.RunAsync(
            lane, repeatable: true, (connection, token) => IsListedAsync(connection, path.Parent, sample, token), cancellationToken);
    }

    private async ValueTask<FtpSupport> IsKeptAndListedAsync(FtpConnection connection, RemotePath beside, string sample, CancellationToken cancellationToken)
    {
        var kept = await IsKeptAsync(connection, beside, sample, cancellationToken);
        return kept == FtpSupport.Yes && _site.Mlsd == FtpSupport.No ? await IsListedAsync(connection, beside, sample, cancellationToken) : kept;
    }

    /// <summary>Whether a name has bytes that are no text: lone low surrogates (<see cref="NameCodec"/>).</summary>
    private static bool HasRawBytes(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsLowSurrogate(name[i]) && (i == 0 || !char.IsHighSurrogate(name[i - 1])))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether LIST shows a name as it is: busybox ftpd and others that print for a terminal show a question mark for what has no glyph. A file of that name could be made
    /// and never be found again. Tried in a directory of its own.
    /// </summary>
    /// <returns>Unknown when the server does not let the directory be made.</returns>
    private async ValueTask<FtpSupport> IsListedAsync(FtpConnection connection, RemotePath beside, string name, CancellationToken cancellationToken)
    {
        var folder = beside.Combine(".ftpmount-" + Guid.NewGuid().ToString("N")[..12]);
        var probe = folder.Combine(name);
        var made = await connection.ExchangeAsync([_site.Command("MKD", folder), _site.Command("MKD", probe)], cancellationToken);
        if (!made[0].Code.IsCompletion)
            return FtpSupport.Unknown;
        var shown = false;
        if (made[1].Code.IsCompletion)
        {
            await foreach (var entry in FtpListing.ListAsync(connection, folder, exactTimes: false, cancellationToken))
                shown |= entry.Name == name;
            await connection.ExchangeAsync(_site.Command("RMD", probe), cancellationToken);
        }

        await connection.ExchangeAsync(_site.Command("RMD", folder), cancellationToken);
        return shown ? FtpSupport.Yes : FtpSupport.No;
    }

    /// <summary>Whether the server keeps a name that ends so.</summary>
    /// <returns>Unknown when the server does not let the directory be made; the operation itself will say why.</returns>
    private async ValueTask<FtpSupport> IsKeptAsync(FtpConnection connection, RemotePath beside, string ending, CancellationToken cancellationToken)
    {
        var stem = ".ftpmount-" + Guid.NewGuid().ToString("N")[..12];
        var probe = beside.Combine(stem + ending);
        var made = await connection.ExchangeAsync(_site.Command("MKD", probe), cancellationToken);
        if (!made.Code.IsCompletion)
            return FtpSupport.Unknown;
        // The underscores first: Pure-FTPd changes control characters in the argument of every command, so removing the name as it was sent would succeed.
        var changed = beside.Combine(stem + string.Concat(ending.Select(c => c == '.' ? c : '_')));
        var removed = await connection.ExchangeAsync([_site.Command("RMD", changed), _site.Command("RMD", probe)], cancellationToken);
        if (removed[0].Code.IsCompletion)
            return FtpSupport.No;
        if (removed[1].Code.IsCompletion)
            return FtpSupport.Yes;
        if (PwdReply.TryParse(made, _site.Codec, out var actual))
        {
            // The reply to MKD names what was really made (RFC 959 appendix II).
            var other = RemotePath.Parse(actual);
            if (other.Parent == beside && other.Name.StartsWith(stem, StringComparison.Ordinal))
                await connection.ExchangeAsync(_site.Command("RMD", other), cancellationToken);
        }

        return FtpSupport.No;
    }
}
