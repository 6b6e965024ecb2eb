using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>What the temporary file of an upload holds of the content: its beginning, from where it can be continued.</summary>
/// <param name="staging">Whose beginning.</param>
internal sealed class TemporaryContent(StagingFile staging)
{
    /// <summary>The file whose beginning it is.</summary>
    public StagingFile Staging { get; } = staging;

    /// <summary>What was handed out to be sent; it says whether that is still the beginning.</summary>
    public SentPrefix Sent { get; } = new();

    /// <summary>How many bytes of it the server has confirmed to hold; -1 while they are being sent, or when the sending was cut off.</summary>
    public long Confirmed { get; set; } = -1;

    /// <summary>How many bytes the link has taken; after a cut the server cannot hold more of the beginning.</summary>
    public long Reported { get; set; }

    /// <summary>The checksum of the confirmed bytes; null when none was taken.</summary>
    public StoredChecksum? Checksum { get; set; }

    /// <summary>Whether all that the server holds is still the beginning of this content.</summary>
    public bool IsBeginningOf(StagingFile content) => Staging == content && !Sent.IsBroken;
}
