using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.Session;

/// <summary>How a request for a transfer ended.</summary>
internal readonly struct FtpTransferOpening
{
    /// <summary>The transfer; null when it was refused.</summary>
    public FtpDataTransfer? Transfer { get; private init; }

    /// <summary>The reply that opened or refused it.</summary>
    public FtpReply Reply { get; private init; }

    /// <summary>Whether it was the directory to be entered that was refused.</summary>
    public bool EnterRefused { get; private init; }

    /// <summary>Whether it was the restart position that was refused.</summary>
    public bool RestartRefused { get; private init; }

    /// <summary>Whether it was refused because something is at the path at which nothing may be; <see cref="Reply"/> says what.</summary>
    public bool IsPresent { get; private init; }

    /// <summary>It was not begun, because something is there.</summary>
    public static FtpTransferOpening Present(FtpReply reply) => new() { Reply = reply, IsPresent = true };

    /// <summary>It runs.</summary>
    public static FtpTransferOpening Opened(FtpDataTransfer transfer, FtpReply reply) => new() { Transfer = transfer, Reply = reply };

    /// <summary>It was refused.</summary>
    public static FtpTransferOpening Refused(FtpReply reply, bool enter = false, bool restart = false) =>
        new() { Reply = reply, EnterRefused = enter, RestartRefused = restart };
}
