using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>A shared mapping that stays for many operations, and the range of the file that it ought to show.</summary>
/// <param name="Mapped">The mapping.</param>
/// <param name="File">The file.</param>
/// <param name="Offset">Where in the file it begins.</param>
/// <param name="CanWrite">Whether it may be written through.</param>
internal sealed record ModelMapping(MappedFile Mapped, ModelFile File, int Offset, bool CanWrite);
