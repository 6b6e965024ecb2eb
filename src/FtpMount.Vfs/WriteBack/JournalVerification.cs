using FtpMount.Vfs.Content;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Says which contents of a journal can be believed: all when only the process that wrote them ended, and those that match their checksums when the machine did
/// (<see cref="MachineEpoch"/>). What does not match is marked as torn: it is kept and told, and never sent as if it were whole.
/// </summary>
internal static class JournalVerification
{
    /// <summary>Does it, and notes that everything in the journal is believed or marked from now on.</summary>
    /// <exception cref="IOException">The local disk failed, or the journal cannot be written.</exception>
    public static JournalContents Apply(JournalDatabase database, string stagingDirectory, ILogger logger)
    {
        var contents = database.Read();
        var epoch = MachineEpoch.Of(database.Path);
        if (epoch.Continues(database.ReadEpoch()))
            return contents;
        var files = contents.Files.Select(f => Verified(f, stagingDirectory, logger)).ToArray();
        database.InTransaction(
            d =>
            {
                foreach (var torn in files.Where(f => f.State == JournaledState.Torn))
                    d.Put(torn);
                d.SetEpoch(epoch);
            },
            durably: true);
        return contents with { Files = files };
    }

    private static JournaledFile Verified(JournaledFile file, string stagingDirectory, ILogger logger)
    {
        if (file.State == JournaledState.Torn)
            return file;
        var path = Path.Combine(stagingDirectory, file.Staging);
        string problem;
        if (file.Seal is not { } seal)
            problem = "The machine stopped while it was being written";
        else if (!File.Exists(path))
            problem = "Its local file is gone";
        else if (StagingFile.ComputeChecksum(path, file.VisibleBase, file.Extents, seal.Length) != seal.Checksum)
            problem = "The machine stopped before all of it was on the local disk";
        else
            return file;
        var torn = file with { State = JournaledState.Torn, Error = $"{problem}: the content may be torn, and was not sent. It is kept in {path}" };
        logger.LogError("'{Path}': {Problem}", file.Path, torn.Error);
        return torn;
    }
}
