using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Session;

/// <summary>A file that is open for reading, and what the server said of it when it was opened.</summary>
/// <param name="Handle">The handle.</param>
/// <param name="Version">Its attributes then: while the path has the same, the handle reads what the path stands for.</param>
internal sealed record KeptFile(SftpFileHandle Handle, SftpAttributes Version);
