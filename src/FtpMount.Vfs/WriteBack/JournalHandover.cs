using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Moves what another mount of the same site left in its journal, and will not send, into the journal of a mount that is about to start: a mount may end at one place and be made
/// at another. Cut off at any point, the next handover goes on with it: a record is in both journals before its content moves, and leaves the old one last.
/// </summary>
public static class JournalHandover
{
    /// <summary>Moves what lies in the folder that is mounted. Nobody else may have either journal open.</summary>
    /// <param name="from">The state folder of the mount that has ended.</param>
    /// <param name="to">The state folder of the mount that is to start, before its file system is made.</param>
    /// <param name="root">The folder on the server that is to be mounted.</param>
    /// <param name="logger">Where to log.</param>
    /// <returns>The number of files that were moved.</returns>
    /// <exception cref="IOException">A journal cannot be opened or written, or the local disk failed.</exception>
    public static int TakeOver(string from, string to, RemotePath root, ILogger logger)
    {
        if (!File.Exists(Path.Combine(from, JournalDatabase.FileName)))
            return 0;
        var oldStaging = Path.Combine(from, "staging");
        var newStaging = Path.Combine(to, "staging");
        Content.LocalDisk.CreatePrivateDirectory(newStaging);
        using var source = JournalDatabase.Open(from);
        if (source.Read().IsEmpty)
            return 0;
        using var target = JournalDatabase.Open(to);
        foreach (var file in target.Read().Files)
            Move(file.Staging, oldStaging, newStaging);
        var present = JournalVerification.Apply(target, newStaging, logger);
        var known = present.Files.Select(f => f.Staging).ToHashSet(StringComparer.Ordinal);
        var left = JournalVerification.Apply(source, oldStaging, logger);

        // A rename that may concern what stays behind is settled by a mount that has all of it.
        if (left.Renames.Any(r => !r.Source.IsAtOrBelow(root) || !r.Target.IsAtOrBelow(root)))
            return 0;
        var files = left.Files.Where(f => f.Path.IsAtOrBelow(root)).ToArray();
        var remnants = left.Remnants.Where(r => r.Path.IsAtOrBelow(root)).ToArray();
        var publications = left.Publications.Where(p => p.Path.IsAtOrBelow(root)).ToArray();

        // The order among them stays; everything that is here already is older.
        var offset = Math.Max(present.Files.Select(f => f.Id).DefaultIfEmpty().Max(), present.Renames.Select(r => r.Id).DefaultIfEmpty().Max());
        target.InTransaction(
            database =>
            {
                foreach (var file in files.Where(f => !known.Contains(f.Staging)))
                {
                    var id = file.Id + offset;
                    database.Put(file with { Id = id });
                    foreach (var extent in file.Extents)
                        database.AddExtent(id, extent);
                    if (file.Seal is { } seal)
                        database.Seal(id, seal);
                }

                foreach (var rename in left.Renames)
                    database.PutRename(rename with { Id = rename.Id + offset });
                foreach (var remnant in remnants)
                    database.PutRemnant(remnant.Path, remnant.Original);
                foreach (var publication in publications)
                    database.PutPublication(publication.Path, publication.Version);
            },
            durably: true);
        foreach (var file in files)
            Move(file.Staging, oldStaging, newStaging);
        source.InTransaction(
            database =>
            {
                foreach (var file in files)
                    database.Remove(file.Id);
                foreach (var rename in left.Renames)
                    database.RemoveRename(rename.Id);
                foreach (var remnant in remnants)
                    database.RemoveRemnant(remnant.Path);
                foreach (var publication in publications)
                    database.RemovePublication(publication.Path);
            },
            durably: true);
        return files.Length;
    }

    private static void Move(string name, string from, string to)
    {
        var source = Path.Combine(from, name);
        var target = Path.Combine(to, name);
        if (File.Exists(source) && !File.Exists(target))
            File.Move(source, target);
    }
}
