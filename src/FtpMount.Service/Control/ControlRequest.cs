namespace FtpMount.Service.Control;

/// <summary>One line from a client to a mount's process.</summary>
/// <param name="Command">One of the constants.</param>
/// <param name="TimeoutSeconds">For <see cref="Unmount"/>: after how long what is still unsent is left behind; null for as long as it takes.</param>
public sealed record ControlRequest(string Command, double? TimeoutSeconds = null)
{
    /// <summary>Asks for the <see cref="MountStatus"/>.</summary>
    public const string Status = "status";

    /// <summary>Asks to unmount and to send what is unsent.</summary>
    public const string Unmount = "unmount";

    /// <summary>Asks for all that is not on the server yet: <see cref="QueuePage"/>s.</summary>
    public const string Queue = "queue";

    /// <summary>Asks to try <see cref="Ids"/> again now.</summary>
    public const string QueueRetry = "queue-retry";

    /// <summary>Asks to write copies of <see cref="Ids"/> below <see cref="Directory"/>.</summary>
    public const string QueueSave = "queue-save";

    /// <summary>Asks to give <see cref="Ids"/> up.</summary>
    public const string QueueDiscard = "queue-discard";

    /// <summary>Asks to drop what is known of <see cref="Paths"/>, and to ask the server anew.</summary>
    public const string Refresh = "refresh";

    /// <summary>Asks to drop the cached content of <see cref="Paths"/>.</summary>
    public const string Forget = "forget";

    /// <summary>Asks to keep the content of <see cref="Paths"/> here.</summary>
    public const string Pin = "pin";

    /// <summary>Asks to keep the content of <see cref="Paths"/> here no longer.</summary>
    public const string Unpin = "unpin";

    /// <summary>Paths on the server.</summary>
    public IReadOnlyList<string>? Paths { get; init; }

    /// <summary>Which files of the queue.</summary>
    public IReadOnlyList<long>? Ids { get; init; }

    /// <summary>For <see cref="QueueSave"/>: an absolute path.</summary>
    public string? Directory { get; init; }
}
