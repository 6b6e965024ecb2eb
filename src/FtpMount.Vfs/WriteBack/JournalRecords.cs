using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Keeps the journal's record of each changed file as its node is: made with the first change, followed through renames and changes of attributes, removed when the content
/// is on the server or its name is gone. Every member is called under the table's gate, in the same step as the change, so that the journal has the changes in
/// their order; whoever answers for the change waits for <see cref="FileState.JournalSequence"/> after leaving the gate.
/// </summary>
internal sealed class JournalRecords(NodeTable table, Journal journal)
{
    public Journal Journal { get; } = journal;

    /// <summary>The content was changed.</summary>
    public void ContentChanged(Node node)
    {
        var file = node.File!;
        if (file.Staging is not { } staging)
            return;
        if (file.JournalId == 0)
        {
            file.JournalId = Journal.NextId();
            file.IsTimeJournaled = false;
            file.SealedChangeCount = -1;
            file.JournaledBase = staging.IsWhole ? 0 : staging.VisibleBase;
            var extents = staging.TakeAllExtents();
            var record = Describe(node);
            file.JournalSequence = Journal.Note(database =>
            {
                database.Put(record);
                if (record.VisibleBase == 0)
                    return;
                foreach (var extent in extents)
                    database.AddExtent(record.Id, extent);
            });
            return;
        }

        // The time of the last write is that of the staging file.
        var lessBase = staging.VisibleBase < file.JournaledBase;
        if (lessBase || file.IsTimeJournaled)
        {
            file.JournaledBase = Math.Min(file.JournaledBase, staging.VisibleBase);
            file.IsTimeJournaled = false;
            Update(node);
        }

        if (file.JournaledBase == 0 || !staging.HasNewExtents)
            return;
        var id = file.JournalId;
        var written = staging.TakeExtents();
        file.JournalSequence = Journal.Note(database =>
        {
            foreach (var extent in written)
                database.AddExtent(id, extent);
        });
    }

    /// <summary>A modification time or permission bits were set.</summary>
    public void AttributesChanged(Node node, bool time)
    {
        if (node.File is not { JournalId: > 0 } file)
            return;
        file.IsTimeJournaled |= time;
        Update(node);
    }

    /// <summary>What the server has of it, or why it does not have it, is not what it was.</summary>
    public void Update(Node node)
    {
        if (node.File is not { JournalId: > 0, Staging: not null } file)
            return;
        var record = Describe(node);
        file.JournalSequence = Journal.Note(database => database.Put(record));
    }

    /// <summary>The staging file is whole from now on: the base is not needed any more. A checksum that was noted before is not one of what counts now.</summary>
    public void BecameWhole(Node node)
    {
        if (node.File is not { JournalId: > 0, JournaledBase: > 0 } file)
            return;
        file.JournaledBase = 0;
        file.SealedChangeCount = -1;
        Update(node);
    }

    /// <summary>The content is forced to disk, and this is its checksum.</summary>
    public void Sealed(Node node, long changeCount, JournalSeal seal)
    {
        if (node.File is not { JournalId: > 0 } file)
            return;
        file.SealedChangeCount = changeCount;
        var id = file.JournalId;
        file.JournalSequence = Journal.Note(database => database.Seal(id, seal));
    }

    /// <summary>There is nothing to be uploaded any more.</summary>
    public void Forget(Node node)
    {
        if (node.File is not { JournalId: > 0 } file)
            return;
        var id = file.JournalId;
        var published = file.Publishing is null ? (RemotePath?)null : table.PathOf(node);
        var stored = file.HasPartial ? table.PathOf(node) : (RemotePath?)null;
        file.JournalId = 0;
        file.Publishing = null;
        file.HasPartial = false;
        file.Sent = null;
        file.JournalSequence = Journal.Note(database =>
        {
            database.Remove(id);
            if (published is { } path)
                database.RemovePublication(path);
            if (stored is { } partial)
                database.RemoveRemnant(partial);
        });
    }

    /// <summary>A rename is about to be asked of the server.</summary>
    public JournaledRename RenameBegins(RemotePath source, RemotePath target)
    {
        var rename = new JournaledRename(Journal.NextId(), source, target);
        Journal.Note(database => database.PutRename(rename));
        return rename;
    }

    /// <summary>A rename was refused.</summary>
    public void RenameFailed(JournaledRename rename) => Journal.Note(database => database.RemoveRename(rename.Id));

    /// <summary>A rename is done, here as well: what was pending under the old path is so under the new one, and what was pending there is not any more.</summary>
    /// <param name="source">What was renamed; it has its new name.</param>
    /// <param name="oldPath">Its old path.</param>
    /// <param name="replaced">What had the new name; null when nothing.</param>
    /// <param name="begun">The intent that was noted; null when none was.</param>
    public void Renamed(Node source, RemotePath oldPath, Node? replaced, JournaledRename? begun)
    {
        var gone = replaced?.File?.JournalId ?? 0;
        if (replaced?.File is { } file)
            file.JournalId = 0;
        var record = source.File is { JournalId: > 0, Staging: not null } ? Describe(source) : null;
        var target = table.PathOf(source);
        var isDirectory = source.Kind == RemoteKind.Directory;
        var wasPublishing = replaced?.File?.Publishing is not null || source.File?.Publishing is not null;
        var isPartial = source.File is { HasPartial: true };
        if (source.File is { } moving)
            moving.Publishing = null;
        if (gone == 0 && record is null && begun is null && !isDirectory && !wasPublishing)
            return;
        var sequence = Journal.Note(database =>
        {
            if (gone > 0)
                database.Remove(gone);
            if (record is not null)
                database.Put(record);
            if (wasPublishing)
            {
                database.RemovePublication(oldPath);
                database.RemovePublication(target);
            }

            if (isPartial)
            {
                database.RemoveRemnant(oldPath);
                database.PutRemnant(target, target);
            }

            if (isDirectory)
                database.RenameBelow(oldPath, target);
            if (begun is not null)
                database.RemoveRename(begun.Id);
        });
        if (source.File is { } moved)
            moved.JournalSequence = sequence;
    }

    /// <summary>A file of this program's own is about to be on the server.</summary>
    public long RemnantBegins(RemotePath path, RemotePath? original) => Journal.Note(database => database.PutRemnant(path, original));

    /// <summary>It is not there any more, or is not this program's own any more.</summary>
    public long RemnantEnds(RemotePath path) => Journal.Note(database => database.RemoveRemnant(path));

    /// <summary>A new file is about to be stored under its own name: what is there from now on is this program's own.</summary>
    public void PartialBegins(RemotePath path) => RemnantBegins(path, path);

    /// <summary>A version is about to get its name on the server: what is found there after a crash may be this program's own.</summary>
    public void PublicationBegins(RemotePath path, FileVersion version) => Journal.Note(database => database.PutPublication(path, version));

    /// <summary>It is known what the server has under the name.</summary>
    public void PublicationEnds(RemotePath path) => Journal.Note(database => database.RemovePublication(path));

    /// <summary>It is stored whole, or is not there.</summary>
    public void PartialEnds(RemotePath path) => RemnantEnds(path);

    private JournaledFile Describe(Node node)
    {
        var file = node.File!;
        return new JournaledFile
        {
            Id = file.JournalId,
            Path = table.PathOf(node),
            Staging = System.IO.Path.GetFileName(file.Staging!.LocalPath),
            Base = node.Remote is { } remote ? EntryMerge.VersionOf(remote) : null,
            BaseMode = node.Remote?.Mode,
            BaseLinkCount = node.Remote?.LinkCount,
            VisibleBase = file.JournaledBase,
            Mode = node.LocalMode,
            Modified = file.IsTimeJournaled ? node.LocalModified : null,
            State = file.Failures > 0 && !RemoteErrorMapping.IsTransient(file.LastError) ? JournaledState.Refused : JournaledState.Pending,
            Attempts = file.Failures,
            Error = file.LastErrorMessage,
        };
    }
}
