namespace FtpMount.Vfs.Tests;

/// <summary>What a local file system would do: the reference that random operations are compared with.</summary>
internal sealed class ModelFileSystem
{
    public Dir Root { get; } = new();

    public abstract class Item;

    public sealed class Dir : Item
    {
        public SortedDictionary<string, Item> Entries { get; } = new(StringComparer.Ordinal);
    }

    public sealed class Regular : Item
    {
        public byte[] Content { get; private set; } = [];

        public void Write(long offset, byte[] data)
        {
            if (data.Length == 0)
                return;
            if (Content.Length < offset + data.Length)
                SetLength(offset + data.Length);
            data.CopyTo(Content, offset);
        }

        public void SetLength(long length)
        {
            var content = Content;
            Array.Resize(ref content, (int)length);
            Content = content;
        }
    }

    public Item? Find(string path)
    {
        Item? item = Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            item = item is Dir directory ? directory.Entries.GetValueOrDefault(name) : null;
        return item;
    }

    /// <summary>The directory that holds the path; null when there is none.</summary>
    public Dir? ParentOf(string path) => Find(path[..path.LastIndexOf('/')]) as Dir;

    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    public VfsError MakeDirectory(string path) => ParentOf(path)!.Entries.TryAdd(NameOf(path), new Dir()) ? VfsError.None : VfsError.AlreadyExists;

    public VfsError Unlink(string path)
    {
        var item = Find(path);
        if (item is not Regular)
            return item is null ? VfsError.NotFound : VfsError.IsADirectory;
        ParentOf(path)!.Entries.Remove(NameOf(path));
        return VfsError.None;
    }

    public VfsError RemoveDirectory(string path)
    {
        var item = Find(path);
        if (item is not Dir directory)
            return item is null ? VfsError.NotFound : VfsError.NotADirectory;
        if (directory.Entries.Count > 0)
            return VfsError.NotEmpty;
        ParentOf(path)!.Entries.Remove(NameOf(path));
        return VfsError.None;
    }

    public VfsError Rename(string from, string to)
    {
        var source = Find(from);
        var target = Find(to);
        if (source is null)
            return VfsError.NotFound;
        if (source is Dir && (to + "/").StartsWith(from + "/", StringComparison.Ordinal) && to != from)
            return VfsError.InvalidArgument;
        if (source == target)
            return VfsError.None;
        if (target is not null)
        {
            if (source is Dir != target is Dir)
                return source is Dir ? VfsError.NotADirectory : VfsError.IsADirectory;
            if (target is Dir { Entries.Count: > 0 })
                return VfsError.NotEmpty;
        }

        ParentOf(from)!.Entries.Remove(NameOf(from));
        ParentOf(to)!.Entries[NameOf(to)] = source;
        return VfsError.None;
    }

    /// <summary>Every path with its content (null for a directory).</summary>
    public SortedDictionary<string, byte[]?> Tree()
    {
        var tree = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        Add(Root, "");
        return tree;

        void Add(Dir directory, string path)
        {
            foreach (var (name, child) in directory.Entries)
            {
                tree.Add($"{path}/{name}", (child as Regular)?.Content);
                if (child is Dir below)
                    Add(below, $"{path}/{name}");
            }
        }
    }
}
