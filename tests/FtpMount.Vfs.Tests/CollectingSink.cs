namespace FtpMount.Vfs.Tests;

/// <summary>A reply buffer for a number of entries.</summary>
internal sealed class CollectingSink(bool wantsEntries, int room = int.MaxValue) : IDirectorySink
{
    public List<(string Name, VfsEntry Entry, long Cookie)> Taken { get; } = [];

    public bool WantsEntries => wantsEntries;

    public bool TryAdd(ReadOnlySpan<char> name, in VfsEntry entry, long nextCookie)
    {
        if (Taken.Count >= room)
            return false;
        Taken.Add((name.ToString(), entry, nextCookie));
        return true;
    }
}
