using FtpMount.Remote;

namespace FtpMount.Vfs.WriteBack;

/// <summary>A file of this program's own on the server that must not stay there as it is.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Original">
/// For a file that was unlinked while it was open: the name that it had. Null for the temporary file of an upload. The same as <paramref name="Path"/> for a new file that is being stored
/// under its own name, and for one that is being changed in place.
/// </param>
internal sealed record JournaledRemnant(RemotePath Path, RemotePath? Original)
{
    /// <summary>Whether it is a part of a pending file, or a mixture of its versions, under that file's own name: it is not removed but replaced, when that is sent.</summary>
    public bool IsPartial => Original == Path;
}
