namespace FtpMount.Service.Control;

/// <summary>What became of the files that something was asked for. Those that had been sent meanwhile are not in it.</summary>
/// <param name="Files">The files.</param>
public sealed record QueueReport(IReadOnlyList<QueueFileReport> Files);
