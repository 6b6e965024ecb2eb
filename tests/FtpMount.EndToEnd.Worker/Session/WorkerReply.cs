using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Session;

/// <summary>What came of it; one line of JSON on the worker's standard output.</summary>
public sealed record WorkerReply
{
    /// <summary>The system call's value.</summary>
    public long Value { get; init; }

    /// <summary>errno.</summary>
    public Errno Error { get; init; }

    /// <summary>A failed check, one word as far as possible: <see cref="Matrix.CaseFailedException.Actual"/>.</summary>
    public string? Actual { get; init; }

    /// <summary>A failed check in words, or the text that was asked for.</summary>
    public string? Text { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public double Milliseconds { get; init; }

    /// <summary>Set on lines that only say how far a long operation has come; the reply follows.</summary>
    public bool IsProgress { get; init; }
}
