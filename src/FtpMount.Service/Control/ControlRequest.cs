namespace FtpMount.Service.Control;

/// <summary>One line from a client to a mount's process.</summary>
/// <param name="Command"><see cref="Status"/> or <see cref="Unmount"/>.</param>
/// <param name="TimeoutSeconds">For <see cref="Unmount"/>: after how long what is still unsent is left behind; null for as long as it takes.</param>
public sealed record ControlRequest(string Command, double? TimeoutSeconds = null)
{
    /// <summary>Asks for the <see cref="MountStatus"/>.</summary>
    public const string Status = "status";

    /// <summary>Asks to unmount and to send what is unsent.</summary>
    public const string Unmount = "unmount";
}
