namespace FtpMount.Service.Control;

/// <summary>What became of what was asked of the caches.</summary>
/// <param name="Files">For <see cref="ControlRequest.Pin"/>: files that are here whole.</param>
/// <param name="Bytes">For <see cref="ControlRequest.Pin"/>: their bytes; for <see cref="ControlRequest.Forget"/>: bytes that became free.</param>
/// <param name="Problems">What could not be done.</param>
public sealed record CacheReport(int Files, long Bytes, IReadOnlyList<PathProblem> Problems);
