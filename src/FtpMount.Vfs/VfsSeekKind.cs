namespace FtpMount.Vfs;

/// <summary>What lseek(2) looks for.</summary>
public enum VfsSeekKind
{
    /// <summary>SEEK_DATA: the next offset with data.</summary>
    Data,

    /// <summary>SEEK_HOLE: the next hole; the end counts as one.</summary>
    Hole,
}
