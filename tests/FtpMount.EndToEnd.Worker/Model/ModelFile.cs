namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>What a file ought to hold: an inode of the model.</summary>
/// <param name="number">For the log.</param>
internal sealed class ModelFile(int number)
{
    private byte[] _content = [];

    /// <summary>For the log.</summary>
    public int Number { get; } = number;

    /// <summary>Its length.</summary>
    public int Size { get; private set; }

    /// <summary>Its name; null after unlink or after another file was renamed over it.</summary>
    public string? Name { get; set; }

    /// <summary>Whether all of it must be on the server by now.</summary>
    public bool IsOnServer { get; set; }

    /// <summary>
    /// Whether the kernel may hold pages that were written through a mapping and that the file system has not been told of yet. It
    /// writes them back before it passes on anything but lseek(2).
    /// </summary>
    public bool HasUnwrittenPages { get; set; }

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Content => _content.AsSpan(0, Size);

    /// <summary>Writes, and lengthens with zeroes where needed.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        IsOnServer = false;
        if (data.IsEmpty)
            return;
        if (offset + data.Length > Size)
            Resize(offset + data.Length);
        data.CopyTo(_content.AsSpan(offset));
    }

    /// <summary>Cuts off, or lengthens with zeroes.</summary>
    public void Resize(int size)
    {
        IsOnServer = false;
        if (size > _content.Length)
            Array.Resize(ref _content, Math.Max(size, _content.Length * 2));
        if (size > Size)
            _content.AsSpan(Size, size - Size).Clear();
        Size = size;
    }

    /// <inheritdoc/>
    public override string ToString() => $"file {Number} '{Name ?? "unlinked"}' of {Size}";
}
