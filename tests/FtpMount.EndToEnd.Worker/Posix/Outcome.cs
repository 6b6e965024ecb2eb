namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>What a system call returned: its value, or its errno.</summary>
/// <param name="Value">The return value; -1 when it failed.</param>
/// <param name="Error">errno; <see cref="Errno.None"/> when it succeeded.</param>
public readonly record struct Outcome(long Value, Errno Error)
{
    /// <summary>Whether the call succeeded.</summary>
    public bool Succeeded => Error == Errno.None;

    /// <inheritdoc/>
    public override string ToString() => Succeeded ? $"success ({Value})" : Error.ToString();
}
