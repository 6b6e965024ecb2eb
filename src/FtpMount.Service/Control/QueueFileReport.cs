using FtpMount.Vfs.Queue;

namespace FtpMount.Service.Control;

/// <summary>What became of one file that something was asked for.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its path on the server.</param>
/// <param name="SavedAs">Where the copy is that was asked for.</param>
/// <param name="Error">Why it was not done; null when it was.</param>
public sealed record QueueFileReport(long Id, string Path, string? SavedAs, string? Error)
{
    internal static QueueFileReport Of(QueueOutcome outcome) => new(outcome.Id, outcome.Path.Value, outcome.SavedAs, outcome.Error);
}
