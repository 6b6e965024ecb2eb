using FtpMount.Remote;

namespace FtpMount.Vfs;

/// <summary>A file with content that is not on the server yet.</summary>
/// <param name="Path">Where it belongs.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="BytesSent">How much of it the present or last attempt has sent.</param>
/// <param name="LastError">Why the last attempt failed, in words; null when none has.</param>
public sealed record PendingUpload(RemotePath Path, long Bytes, long BytesSent, string? LastError)
{
    /// <summary>Its number in the journal: the same from one mount to the next, and never given to another file.</summary>
    public long Id { get; init; }

    /// <summary>What becomes of it.</summary>
    public PendingUploadState State { get; init; }

    /// <summary>Attempts that failed in a row.</summary>
    public int Attempts { get; init; }
}
