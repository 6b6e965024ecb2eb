namespace FtpMount.Vfs.Namespace;

/// <summary>One open directory: the listing that it reads, which stays the same until it is rewound.</summary>
internal sealed class DirectoryHandle(ulong id, Node node)
{
    public VfsHandle Id { get; } = new(id);

    public Node Node { get; } = node;

    /// <summary>The listing being read; set under the table's gate.</summary>
    public DirectoryListing? Listing { get; set; }

    /// <summary>Whether something past the start was read since the listing was taken.</summary>
    public bool Advanced { get; set; }
}
