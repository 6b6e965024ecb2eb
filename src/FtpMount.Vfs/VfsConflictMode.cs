namespace FtpMount.Vfs;

/// <summary>What becomes of a changed file that somebody else has changed on the server since the edit began.</summary>
public enum VfsConflictMode
{
    /// <summary>Both are kept: the one from here gets a name of its own beside the other.</summary>
    KeepBoth,

    /// <summary>The one from here replaces the other.</summary>
    Mine,

    /// <summary>The one from here is dropped.</summary>
    Theirs,
}
