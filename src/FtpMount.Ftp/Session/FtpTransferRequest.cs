using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>What <see cref="FtpConnection.OpenTransferAsync"/> is to send.</summary>
internal readonly record struct FtpTransferRequest
{
    /// <summary>RETR, STOR, APPE, MLSD or LIST.</summary>
    public required FtpCommand Command { get; init; }

    /// <summary>A directory to be entered first; a refusal ends the request.</summary>
    public RemotePath? Enter { get; init; }

    /// <summary>A path at which nothing may be: it is looked at in the packet of the data command, and <see cref="Command"/> goes out only when nothing is there.</summary>
    public RemotePath? Absent { get; init; }

    /// <summary>The position for REST; 0 for none.</summary>
    public long Restart { get; init; }

    /// <summary>Instead of REST, the number of bytes from <see cref="Restart"/> on, for RANG.</summary>
    public long? RangeLength { get; init; }

    /// <summary>Whether the server shall compress what it sends, where it does that.</summary>
    public bool Compresses { get; init; }

    /// <summary>Whether <see cref="Command"/> changes the file: it is then sent only when nothing before it can fail any more.</summary>
    public bool Stores { get; init; }
}
