using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// What is, or may be, on the server under a file's own name and is not its content: of a new file a part, of one that is being changed in place a mixture. It is this program's own, to be
/// replaced by the content or to go with the name.
/// </summary>
internal sealed class PartialFile
{
    /// <summary>What the server had after it was stored, when its content was overtaken by a write; null when it is not known how much of it came.</summary>
    public FileVersion? Stored { get; set; }
}
