namespace FtpMount.Vfs.WriteBack;

/// <summary>What became of removing a temporary file.</summary>
internal enum Removal
{
    /// <summary>It is gone.</summary>
    Done,

    /// <summary>It was not there. A store that was given up may still make it.</summary>
    NotThere,

    /// <summary>The server did not do it.</summary>
    Failed,
}
