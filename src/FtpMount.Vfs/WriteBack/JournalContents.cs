namespace FtpMount.Vfs.WriteBack;

/// <summary>What a journal held when it was opened.</summary>
/// <param name="Files">Files to be uploaded, in the order in which they were first changed.</param>
/// <param name="Renames">Renames of which it is not known whether they were done, in order.</param>
/// <param name="Remnants">What is to be removed from the server.</param>
/// <param name="Publications">Versions of which it is not known whether they got their names.</param>
internal sealed record JournalContents(
    IReadOnlyList<JournaledFile> Files,
    IReadOnlyList<JournaledRename> Renames,
    IReadOnlyList<JournaledRemnant> Remnants,
    IReadOnlyList<JournaledPublication> Publications)
{
    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Files.Count == 0 && Renames.Count == 0 && Remnants.Count == 0;
}
