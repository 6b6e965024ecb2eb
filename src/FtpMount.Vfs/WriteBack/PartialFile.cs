using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>What is, or may be, on the server of a new file under its own name and is not its content: this program's own, to be replaced by it or to go with it.</summary>
internal sealed class PartialFile
{
    /// <summary>What the server had after it was stored, when its content was overtaken by a write; null when it is not known how much of it came.</summary>
    public FileVersion? Stored { get; set; }
}
