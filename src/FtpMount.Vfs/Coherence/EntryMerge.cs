using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Coherence;

/// <summary>
/// Puts together what a server says of one object in different ways: a LIST gives minutes and permission bits, SIZE and MDTM give seconds and
/// no bits. What agrees keeps its finer form, so that attributes do not flap with the way they were asked for.
/// </summary>
internal static class EntryMerge
{
    /// <summary>What is known after <paramref name="fresh"/> came, when <paramref name="known"/> was known before.</summary>
    public static RemoteEntry Merge(RemoteEntry? known, RemoteEntry fresh)
    {
        if (known is null)
            return fresh;
        if (known.Kind != fresh.Kind)
        {
            // SIZE and MDTM follow a link that the listing showed.
            var followed = known.Kind == RemoteKind.Symlink && fresh.Mode is null && fresh.UniqueId is null;
            return followed ? known : fresh;
        }

        var sameContent = fresh.Kind == RemoteKind.Directory || VersionOf(known).IsSameAs(VersionOf(fresh));
        if (!sameContent)
            return fresh with { Mode = fresh.Mode ?? known.Mode, Permissions = fresh.Permissions ?? known.Permissions, LinkCount = fresh.LinkCount ?? known.LinkCount };
        var modified = fresh.Modified is not { } time || (known.Modified is { } old && old.Precision < time.Precision && old.IsConsistentWith(time))
            ? known.Modified
            : fresh.Modified;
        return fresh with
        {
            Size = fresh.Size ?? known.Size,
            Modified = modified,
            Created = fresh.Created ?? known.Created,
            Mode = fresh.Mode ?? known.Mode,
            LinkTarget = fresh.LinkTarget ?? (fresh.Modified == known.Modified ? known.LinkTarget : null),
            UniqueId = fresh.UniqueId ?? known.UniqueId,
            Permissions = fresh.Permissions ?? known.Permissions,
            LinkCount = fresh.LinkCount ?? known.LinkCount,
        };
    }

    /// <summary>Whether a program can see a difference.</summary>
    public static bool IsVisiblyDifferent(RemoteEntry known, RemoteEntry fresh) =>
        known.Size != fresh.Size || known.Mode != fresh.Mode || known.Modified != fresh.Modified || known.LinkTarget != fresh.LinkTarget;

    /// <summary>The version of a file's content.</summary>
    public static FileVersion VersionOf(RemoteEntry entry) => new(entry.Size ?? 0, entry.Modified, entry.UniqueId);
}
