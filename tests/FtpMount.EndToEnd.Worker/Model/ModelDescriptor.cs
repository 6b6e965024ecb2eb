using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>An open descriptor and the file that it ought to show.</summary>
/// <param name="Opened">The descriptor.</param>
/// <param name="File">The file.</param>
/// <param name="Flags">How it was opened.</param>
internal sealed record ModelDescriptor(OpenFile Opened, ModelFile File, int Flags)
{
    public int Number => Opened.Descriptor;

    public bool CanRead => (Flags & 3) != OpenFlags.WriteOnly;

    public bool CanWrite => (Flags & 3) != OpenFlags.ReadOnly;

    public bool Appends => (Flags & OpenFlags.Append) != 0;
}
