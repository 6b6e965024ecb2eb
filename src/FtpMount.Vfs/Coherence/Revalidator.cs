using FtpMount.Remote;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Coherence;

/// <summary>
/// Asks the server about names, each question once however many want to know (single flight), and puts the answers into the table unless
/// the name was changed here while the answer was on its way. A fetch runs on its own until it is done; those who wait for it may leave.
/// </summary>
internal sealed class Revalidator(
    NodeTable table, NamespaceLocks locks, IRemoteFileSystem remote, VfsOptions options, Clock clock, ILogger logger, CancellationToken stopping)
{
    /// <summary>This many misses in one directory within the attribute time-out, and it is listed instead.</summary>
    public const int MissesBeforeListing = 3;

    private long _stats;
    private long _listings;

    /// <summary>Told, under the gate, of every listing that has ended: with what came in, or with null when it failed.</summary>
    public Action<Node, DirectoryListing?>? ListEnded { get; set; }

    /// <summary>Requests for one path sent.</summary>
    public long Stats => Interlocked.Read(ref _stats);

    /// <summary>Listings asked for.</summary>
    public long Listings => Interlocked.Read(ref _listings);

    /// <summary>
    /// What the server says of one name. Called under the gate; starts the question or joins it. Null instead when the directory
    /// should be listed because its names are being asked for one after the other.
    /// </summary>
    public Task<StatOutcome>? StatUnlessListing(Node directory, string name)
    {
        var state = directory.Directory!;
        if (Running(state, name, ownsName: false) is { } running)
            return running;
        if (!state.ListingIsUseless)
        {
            var now = clock.Now;
            if (state.Misses == 0 || clock.After(state.MissesSince, options.AttributeTimeout) <= now)
            {
                state.Misses = 0;
                state.MissesSince = now;
            }

            if (++state.Misses >= MissesBeforeListing && options.AttributeTimeout > TimeSpan.Zero)
                return null;
        }

        return Stat(directory, name, ownsName: false);
    }

    /// <summary>What the server says of one name. Called under the gate; starts the question or joins it.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="ownsName">The caller has taken the name, and with it holds the path.</param>
    public Task<StatOutcome> Stat(Node directory, string name, bool ownsName)
    {
        var state = directory.Directory!;
        if (Running(state, name, ownsName) is { } running)
            return running;
        state.BeginFetch();
        var path = ownsName ? locks.UseHeldPath(directory) : locks.TryUsePath(directory);
        var fetch = new StatFetch(state.ChangeSequence, path is not null);
        fetch.Outcome = Task.Run(() => RunStatAsync(directory, name, fetch, path), CancellationToken.None);
        state.StatFetches[name] = fetch;
        return fetch.Outcome;
    }

    /// <summary>
    /// The question under way that may be joined. One that set out before a change of the name was done here may be answered as things were before it. One that
    /// still waits for the path, because the directory is to be moved, is not for who holds that path: the mover waits for him.
    /// </summary>
    private static Task<StatOutcome>? Running(DirectoryState state, string name, bool ownsName) =>
        state.StatFetches.TryGetValue(name, out var running) && (running.HasPath || !ownsName) && state.IsUnchangedSince(name, running.Sequence)
            ? running.Outcome
            : null;

    /// <summary>The names of a directory. Called under the gate; starts the listing or joins it.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="lane">What a listing that is started here is for.</param>
    public Task<ListOutcome> List(Node directory, Lane lane = Lane.Interactive)
    {
        var state = directory.Directory!;
        if (state.ListFetch is { } running)
            return running;
        state.BeginFetch();
        var sequence = state.ChangeSequence;
        var fetch = Task.Run(() => RunListAsync(directory, sequence, lane), CancellationToken.None);
        state.ListFetch = fetch;
        return fetch;
    }

    /// <summary>What the server says of the root, which has no directory to be a name in.</summary>
    public async ValueTask<VfsError> RevalidateRootAsync(CancellationToken cancellationToken)
    {
        var startedAt = clock.Now;
        RemoteEntry entry;
        try
        {
            Interlocked.Increment(ref _stats);
            entry = await remote.StatAsync(remote.Root, Lane.Interactive, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.NotFound or RemoteError.AccessDenied)
        {
            // Some servers tell of everything but their root. It is a directory, or there would be no mount.
            entry = new RemoteEntry { Name = "", Kind = RemoteKind.Directory };
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return e.ToVfsError();
        }

        lock (table.Gate)
            table.Apply(table.Root, entry with { Kind = RemoteKind.Directory }, startedAt);
        return VfsError.None;
    }

    private async Task<StatOutcome> RunStatAsync(Node directory, string name, StatFetch fetch, IDisposable? held)
    {
        var state = directory.Directory!;
        StatOutcome outcome;
        try
        {
            using var path = held ?? await locks.UsePathAsync(directory, stopping).ConfigureAwait(false);
            RemotePath full;
            lock (table.Gate)
                full = table.PathOf(directory).Combine(name);
            var startedAt = clock.Now;
            try
            {
                Interlocked.Increment(ref _stats);
                var entry = await remote.StatAsync(full, Lane.Interactive, stopping).ConfigureAwait(false);
                if (entry.Name != name)
                    entry = entry with { Name = name };
                outcome = new StatOutcome(VfsError.None, entry, true, startedAt);
            }
            catch (RemoteException e) when (e.Error is RemoteError.NotFound or RemoteError.NotADirectory)
            {
                outcome = new StatOutcome(VfsError.None, null, true, startedAt);
            }
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            if (e is not RemoteException { Error: RemoteError.InvalidName })
                logger.LogDebug(e, "Asking for '{Name}' failed", name);
            outcome = new StatOutcome(e.ToVfsError(), null, true, 0);
        }

        lock (table.Gate)
        {
            outcome = outcome with { IsSettled = state.IsSettledSince(name, fetch.Sequence) };
            if (outcome is { IsSettled: true, Error: VfsError.None })
                Apply(directory, name, outcome);
            if (state.StatFetches.TryGetValue(name, out var latest) && latest == fetch)
                state.StatFetches.Remove(name);
            state.EndFetch();
        }

        return outcome;
    }

    private void Apply(Node directory, string name, in StatOutcome outcome)
    {
        var state = directory.Directory!;
        if (outcome.Entry is { } entry)
        {
            state.RemoveNegative(name);
            if (state.TryGetChild(name, out var child) && table.Apply(child, entry, outcome.StartedAt))
                return;
            table.NoteAppeared(directory, name, entry);
            return;
        }

        if (state.TryGetChild(name, out var gone))
            table.Vanish(gone);
        if (state.TryGetChild(name, out _))
            return;
        table.NoteGone(directory, name, clock.After(outcome.StartedAt, options.NegativeTimeout));
    }

    private async Task<ListOutcome> RunListAsync(Node directory, long sequence, Lane lane)
    {
        var state = directory.Directory!;
        var error = VfsError.None;
        DirectoryListing? listing = null;
        try
        {
            using var use = await locks.UsePathAsync(directory, stopping).ConfigureAwait(false);
            RemotePath path;
            lock (table.Gate)
                path = table.PathOf(directory);
            Interlocked.Increment(ref _listings);
            listing = new DirectoryListing(clock.Now);
            await foreach (var entry in remote.ListAsync(path, lane, stopping).ConfigureAwait(false))
                listing.Set(entry.Name, entry);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            error = e.ToVfsError();
            listing = null;
            logger.LogDebug(e, "Listing '{Directory}' failed", directory.Name);
        }

        lock (table.Gate)
        {
            if (listing is not null)
                table.ApplyListing(directory, listing, sequence);
            else if (error is VfsError.AccessDenied)
                state.ListingIsUseless = true;
            state.ListFetch = null;
            state.EndFetch();
            ListEnded?.Invoke(directory, listing);
        }

        return new ListOutcome(error, listing);
    }
}
